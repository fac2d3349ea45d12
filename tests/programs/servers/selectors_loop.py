"""One loop over what is ready."""
import selectors
import socket

selector = selectors.DefaultSelector()


def accept(listener):
    connection, _ = listener.accept()
    connection.setblocking(False)
    selector.register(connection, selectors.EVENT_READ, answer)


def answer(connection):
    if name := connection.recv(100):
        connection.sendall(b"hello " + name)
    else:
        selector.unregister(connection)
        connection.close()


listener = socket.create_server(("", 9999))
listener.setblocking(False)
selector.register(listener, selectors.EVENT_READ, accept)
while True:
    for key, _ in selector.select():
        key.data(key.fileobj)
