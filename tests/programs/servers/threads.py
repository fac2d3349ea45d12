"""A thread for each client."""
import socket
import threading


def serve(connection):
    with connection, connection.makefile("rw") as lines:
        lines.write("hello " + lines.readline())


with socket.create_server(("", 9999)) as listener:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()
