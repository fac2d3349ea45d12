"""The library's forking server."""
import socketserver


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"hello " + self.rfile.readline())


class Server(socketserver.ForkingTCPServer):
    allow_reuse_address = True


Server(("", 9999), Handler).serve_forever()
