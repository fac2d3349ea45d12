"""A mutant: it gives up connecting after half a second."""

import socket
import sys


def main():
    if len(sys.argv) != 3 or not sys.argv[2].isdecimal():
        sys.exit("usage: client HOST PORT")
    host, port = sys.argv[1], int(sys.argv[2])
    try:
        with socket.create_connection((host, port), timeout=0.5) as connection:
            while data := connection.recv(4096):
                sys.stdout.buffer.write(data)
        sys.stdout.flush()
    except (OSError, OverflowError) as error:
        sys.exit(f"client: {host}: {error}")


if __name__ == "__main__":
    main()
