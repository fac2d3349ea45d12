"""server PORT: sends back what each client sends until its end of file, one client after another, for ever.

Two steps are missing, each marked "Step". Until they are there, the program says so and exits.
"""

import socket
import sys


def listen_on(port):
    """Returns a socket that listens on `port` of all addresses of this machine."""
    # Step 1: as in 02-server.
    raise NotImplementedError("step 1 is still to be written")


def echo(client):
    """Sends back what comes, until the client's end of file or until the connection breaks."""
    # Step 2: recv() some, send all of it, and again. send() and sendall() are not the same.


def main():
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        sys.exit("usage: server PORT")
    listener = listen_on(int(sys.argv[1]))
    while True:
        client, address = listener.accept()
        echo(client)
        client.close()


if __name__ == "__main__":
    try:
        main()
    except (NotImplementedError, OSError) as error:
        sys.exit(f"server: {error}")
