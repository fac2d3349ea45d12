"""A process for each client, and none of them left as a zombie."""
import os
import signal
import socket

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
with socket.create_server(("", 9999)) as listener:
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            with connection, connection.makefile("rw") as lines:
                lines.write("hello " + lines.readline())
            os._exit(0)
        connection.close()
