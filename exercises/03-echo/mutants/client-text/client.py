"""A mutant: it takes its input for text."""

import select
import socket
import sys


def exchange(connection):
    connection.setblocking(False)
    stdin = sys.stdin.fileno()
    pending = b""  # read from standard input, and not sent yet
    input_open = True
    while True:
        # Waiting for either direction alone would leave the other one stuck.
        reads = [connection] + ([stdin] if input_open and not pending else [])
        writes = [connection] if pending else []
        readable, writable, _ = select.select(reads, writes, [])
        if stdin in readable:
            pending = sys.stdin.readline().encode()
            if not pending:
                input_open = False
                connection.shutdown(socket.SHUT_WR)
        if writable:
            pending = pending[connection.send(pending):]
        if connection in readable:
            data = connection.recv(16384)
            if not data:
                break
            sys.stdout.buffer.write(data)
    sys.stdout.flush()
    if input_open:
        raise ConnectionError("the server ended the stream before it had everything")


def main():
    if len(sys.argv) != 3 or not sys.argv[2].isdecimal():
        sys.exit("usage: client HOST PORT")
    host, port = sys.argv[1], int(sys.argv[2])
    try:
        with socket.create_connection((host, port)) as connection:
            exchange(connection)
    except (OSError, OverflowError) as error:
        sys.exit(f"client: {host}: {error}")


if __name__ == "__main__":
    main()
