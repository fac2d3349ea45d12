"""Five clients at once, a thread each, of the server on the host that it is given."""
import socket
import sys
import threading

answers = [None] * 5


def ask(number):
    with socket.create_connection((sys.argv[1], 9999)) as connection, connection.makefile("rw") as lines:
        lines.write(f"client {number}\n")
        lines.flush()
        answers[number] = lines.readline().strip()


clients = [threading.Thread(target=ask, args=(number,)) for number in range(5)]
for client in clients:
    client.start()
for client in clients:
    client.join()
print(", ".join(map(str, answers)))
