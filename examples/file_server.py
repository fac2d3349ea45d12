"""Sends a megabyte to each client."""
import socket

listener = socket.create_server(("", 9999))
while True:
    connection, _ = listener.accept()
    try:
        connection.sendall(bytes(1_000_000))
    except OSError as error:
        print("the client is gone:", error.strerror)
    connection.close()
