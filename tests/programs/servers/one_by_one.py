"""One client after the other."""
import socket

with socket.create_server(("", 9999)) as listener:
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rw") as lines:
            lines.write("hello " + lines.readline())
