"""Answers each datagram with the number that it holds, doubled."""
import socket

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("", 9999))
    while True:
        request, client = server.recvfrom(100)
        server.sendto(str(2 * int(request)).encode(), client)
