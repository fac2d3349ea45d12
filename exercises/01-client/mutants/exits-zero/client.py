"""A mutant: it exits with status 0 after a reset."""

import socket
import sys


def main():
    if len(sys.argv) != 3 or not sys.argv[2].isdecimal():
        sys.exit("usage: client HOST PORT")
    host, port = sys.argv[1], int(sys.argv[2])
    try:
        with socket.create_connection((host, port)) as connection:
            try:
                while data := connection.recv(4096):
                    sys.stdout.buffer.write(data)
            except ConnectionError as error:
                print(f"client: {error}", file=sys.stderr)
        sys.stdout.flush()
    except (OSError, OverflowError) as error:
        sys.exit(f"client: {host}: {error}")


if __name__ == "__main__":
    main()
