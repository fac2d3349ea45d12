"""Asks the doubler that it is given for twenty numbers, each again until the answer comes, and counts the questions."""
import socket
import sys

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.connect((sys.argv[1], 9999))
    client.settimeout(0.5)
    asked = 0
    for number in range(20):
        while True:
            client.send(str(number).encode())
            asked += 1
            try:
                # An answer to an earlier question may come late.
                if int(client.recv(100)) == 2 * number:
                    break
            except TimeoutError:
                pass
    print("20 answers for", "20" if asked == 20 else "more than 20", "questions")
