"""client HOST PORT: prints everything that the server sends until it closes.

Three steps are missing, each marked "Step". Until they are there, the program says so and exits.
"""

import socket
import sys


def run(host, port):
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # Step 1: connect() it to the pair (host, port).
    # Step 2: recv() and print, until recv() says that the stream has ended. How does it say so?
    # sys.stdout.buffer.write() prints bytes as they are; print() wants text, and adds a newline.
    raise NotImplementedError("steps 1 and 2 are still to be written")


def main():
    if len(sys.argv) != 3 or not sys.argv[2].isdecimal():
        sys.exit("usage: client HOST PORT")
    run(sys.argv[1], int(sys.argv[2]))


if __name__ == "__main__":
    # Step 3: what if there is no such host, nobody listens there, or the connection breaks? Each is an exception.
    try:
        main()
    except NotImplementedError as error:
        sys.exit(f"client: {error}")
