"""client HOST PORT: sends its standard input, ends its direction, and prints what comes back, all at the same time.

Four steps are missing, each marked "Step". Until they are there, the program says so and exits.
"""

import os
import select
import socket
import sys


def connect_to(host, port):
    # Step 1: as in 01-client.
    raise NotImplementedError("step 1 is still to be written")


def exchange(connection):
    stdin = sys.stdin.fileno()
    input_open = stream_open = True
    while stream_open:
        # Waits for whichever comes first: something from the server, or something on standard input.
        readable, writable, _ = select.select([connection, stdin] if input_open else [connection], [], [])
        if stdin in readable:
            # Step 2: os.read() some of standard input and send it. At its end, tell the server: shutdown().
            input_open = False
        if connection in readable:
            # Step 3: recv() some and print it, as bytes. At the end of the stream, leave the loop.
            stream_open = False
        # Step 4, once the rest works: sending may have to wait for room, and nobody reads meanwhile. If the server
        # waits for you to read, that is for ever. After connection.setblocking(False), send() takes what there is
        # room for and says how much that was; select()'s second list tells when there is room again. Keep the rest
        # until then, and read no more input before it is sent.


def main():
    if len(sys.argv) != 3 or not sys.argv[2].isdecimal():
        sys.exit("usage: client HOST PORT")
    with connect_to(sys.argv[1], int(sys.argv[2])) as connection:
        exchange(connection)


if __name__ == "__main__":
    try:
        main()
    except (NotImplementedError, OSError) as error:
        sys.exit(f"client: {error}")
