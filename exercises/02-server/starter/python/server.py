"""server PORT: greets each client and closes, one after another, for ever.

Four steps are missing, each marked "Step". Until they are there, the program says so and exits.
"""

import socket
import sys

GREETING = b"Hi we are connected!"


def listen_on(port):
    """Returns a socket that listens on `port` of all addresses of this machine."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # Step 1: bind() it. Its address is a pair (host, port); the host "" stands for all addresses.
    # Step 2: listen(), with the backlog that the handout asks for.
    # What does the handout say about starting the server a second time? That belongs before bind().
    raise NotImplementedError("steps 1 and 2 are still to be written")


def greet(client):
    """Sends the greeting. What if the client has gone, and sending raises an exception?"""
    # Step 3: send GREETING.


def main():
    if len(sys.argv) != 2 or not sys.argv[1].isdecimal():
        sys.exit("usage: server PORT")
    listener = listen_on(int(sys.argv[1]))
    while True:
        client, address = listener.accept()
        greet(client)
        # Step 4: the client waits for the end of the stream.


if __name__ == "__main__":
    try:
        main()
    except (NotImplementedError, OSError) as error:
        sys.exit(f"server: {error}")
