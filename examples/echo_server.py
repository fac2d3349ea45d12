"""Sends back what it gets, to one client after the other."""
import socket

listener = socket.create_server(("", 9999))
while True:
    connection, _ = listener.accept()
    while data := connection.recv(4096):
        connection.sendall(data)
    connection.close()
