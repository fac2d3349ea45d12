"""Listens with a backlog of 1, is busy with something else for five seconds, and only then takes its clients."""
import socket
import time

listener = socket.create_server(("", 9999), backlog=1)
time.sleep(5)
while True:
    connection, _ = listener.accept()
    connection.sendall(b"at last\n")
    connection.close()
