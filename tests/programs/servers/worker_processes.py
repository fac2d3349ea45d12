"""Three processes that accept from one listener."""
import multiprocessing
import socket


def work(listener):
    while True:
        connection, _ = listener.accept()
        with connection, connection.makefile("rw") as lines:
            lines.write("hello " + lines.readline())


listener = socket.create_server(("", 9999))
context = multiprocessing.get_context("fork")
workers = [context.Process(target=work, args=(listener,), daemon=True) for _ in range(3)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
