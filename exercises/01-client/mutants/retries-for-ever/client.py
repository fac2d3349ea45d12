"""A mutant: it tries again for ever where nobody listens."""

import socket
import sys
import time


def connect(host, port):
    while True:
        try:
            return socket.create_connection((host, port))
        except ConnectionRefusedError as error:
            print(f"client: {error}, trying again", file=sys.stderr)
            time.sleep(1)


def main():
    if len(sys.argv) != 3 or not sys.argv[2].isdecimal():
        sys.exit("usage: client HOST PORT")
    host, port = sys.argv[1], int(sys.argv[2])
    try:
        with connect(host, port) as connection:
            while data := connection.recv(4096):
                sys.stdout.buffer.write(data)
        sys.stdout.flush()
    except (OSError, OverflowError) as error:
        sys.exit(f"client: {host}: {error}")


if __name__ == "__main__":
    main()
