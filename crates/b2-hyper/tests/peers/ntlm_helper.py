"""Decides for squid who may pass, with the NTLM of pyspnego."""

import base64
import os
import sys

os.environ["NTLM_USER_FILE"] = sys.argv[1]

import spnego  # noqa: E402  (it reads the variable)

context = None
for line in sys.stdin:
    words = line.split()
    try:
        message = base64.b64decode(words[1]) if len(words) > 1 else b""
        if words[0] == "YR":
            context = spnego.server(protocol="ntlm")
        token = context.step(message)
        if context.complete:
            answer = "AF " + str(context.client_principal)
        else:
            answer = "TT " + base64.b64encode(token).decode()
    except Exception as error:  # a refusal, whatever the reason
        answer = "NA " + type(error).__name__
    print(answer, flush=True)
