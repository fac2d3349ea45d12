"""A mutant: it lets the exception end it that a client's reset raises."""

import socket
import sys


def echo(client):
    while data := client.recv(16384):
        client.sendall(data)


def serve(port):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", port))
        listener.listen(5)
        while True:
            client, _ = listener.accept()
            with client:
                echo(client)


def main():
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal() or not 0 < int(sys.argv[1]) < 65536:
        sys.exit("usage: server PORT")
    try:
        serve(int(sys.argv[1]))
    except OSError as error:
        sys.exit(f"server: {error}")


if __name__ == "__main__":
    main()
