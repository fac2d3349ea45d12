"""A mutant: it waits for the client to speak first."""

import socket
import sys

BACKLOG = 5
GREETING = b"Hi we are connected!"


def serve(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        # Without this, the port stays taken for a minute after the last connection that we closed (TIME-WAIT).
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", port))
        listener.listen(BACKLOG)
        while True:
            client, _ = listener.accept()
            with client:
                try:
                    client.recv(1024)
                    client.sendall(GREETING)
                except ConnectionError as error:
                    print(f"server: a client went before it was greeted: {error}", file=sys.stderr)


def main():
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal() or not 0 < int(sys.argv[1]) < 65536:
        sys.exit("usage: server PORT")
    try:
        serve(int(sys.argv[1]))
    except OSError as error:
        sys.exit(f"server: {error}")


if __name__ == "__main__":
    main()
