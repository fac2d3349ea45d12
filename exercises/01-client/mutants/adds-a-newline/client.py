"""A mutant: it prints with print(), which adds a newline of its own."""

import socket
import sys


def main():
    if len(sys.argv) != 3 or not sys.argv[2].isdecimal():
        sys.exit("usage: client HOST PORT")
    host, port = sys.argv[1], int(sys.argv[2])
    try:
        with socket.create_connection((host, port)) as connection:
            text = b""
            while data := connection.recv(4096):
                text += data
            print(text.decode(errors="replace"))
    except (OSError, OverflowError) as error:
        sys.exit(f"client: {host}: {error}")


if __name__ == "__main__":
    main()
