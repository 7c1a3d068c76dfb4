"""A web server of an OpenSSL that knows ML-KEM, which Debian's does not: it comes with pyOpenSSL.

Arguments: port, file of the certificate, file of its key. Each answer names the group of its
connection.
"""

import socket
import sys

from OpenSSL import SSL

port, certificate, key = sys.argv[1:]
context = SSL.Context(SSL.TLS_SERVER_METHOD)
context.use_certificate_chain_file(certificate)
context.use_privatekey_file(key)

listener = socket.create_server(("127.0.0.1", int(port)))
while True:
    accepted, _ = listener.accept()
    connection = SSL.Connection(context, accepted)
    connection.set_accept_state()
    try:
        connection.do_handshake()
        connection.recv(16384)
        name = connection.get_group_name() or "none"
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(name)}\r\nConnection: close\r\n\r\n"
        connection.sendall((head + name).encode())
        connection.shutdown()
    except SSL.Error as error:
        # Whoever only looks whether somebody listens, or offers what this server has not.
        print(error, file=sys.stderr)
    finally:
        accepted.close()
