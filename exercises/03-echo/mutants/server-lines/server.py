"""A mutant: it reads lines of text, and leaves out what is none."""

import socket
import sys


def echo(client):
    for line in client.makefile(encoding="utf-8", errors="ignore"):
        client.sendall(line.encode())


def serve(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", port))
        listener.listen(5)
        while True:
            client, _ = listener.accept()
            with client:
                try:
                    echo(client)
                except ConnectionError as error:
                    print(f"server: a client has gone: {error}", file=sys.stderr)


def main():
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal() or not 0 < int(sys.argv[1]) < 65536:
        sys.exit("usage: server PORT")
    try:
        serve(int(sys.argv[1]))
    except OSError as error:
        sys.exit(f"server: {error}")


if __name__ == "__main__":
    main()
