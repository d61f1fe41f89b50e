"""Python's own mail clients at the emulator's servers: mail_clients.py IMAP POP SMTP, which are ports. The token is on stdin.

TLS is trusted by SSL_CERT_FILE, and certificates are checked as Python does from 3.13 on. Prints one JSON object.
"""

import base64
import imaplib
import json
import poplib
import smtplib
import ssl
import sys

IMAP, POP, SMTP = (int(port) for port in sys.argv[1:])
USER = "ada@contoso.example"
TOKEN = sys.stdin.read().strip()
CONTEXT = ssl.create_default_context()
CONTEXT.verify_flags |= ssl.VERIFY_X509_STRICT
RESPONSE = f"user={USER}\x01auth=Bearer {TOKEN}\x01\x01"

imap = imaplib.IMAP4_SSL("localhost", IMAP, ssl_context=CONTEXT)
imap.authenticate("XOAUTH2", lambda _: RESPONSE.encode())
count = int(imap.select("INBOX")[1][0])
subject = imap.fetch("1", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1][0][1].decode().strip()
imap.logout()

pop = poplib.POP3_SSL("localhost", POP, context=CONTEXT)
pop._shortcmd("AUTH XOAUTH2 " + base64.b64encode(RESPONSE.encode()).decode())
messages = pop.stat()[0]
last = b"\n".join(pop.retr(messages)[1]).decode()
pop.quit()

smtp = smtplib.SMTP("localhost", SMTP)
smtp.starttls(context=CONTEXT)
smtp.ehlo()
smtp.auth("XOAUTH2", lambda _=None: RESPONSE)
refused = smtp.sendmail(USER, ["lin@contoso.example"], "Subject: hello\r\n\r\nhello\r\n")
smtp.quit()

print(json.dumps({"count": count, "subject": subject, "messages": messages, "last": last, "refused": refused}))
