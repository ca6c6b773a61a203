// Package authority is a small certificate authority in a directory, in the
// layout of the command ca of OpenSSL, which can go on with it:
//
//	DIR/cacert.pem            its certificate
//	DIR/private/cakey.pem     its key, for its owner only
//	DIR/newcerts/SERIAL.pem   a copy of each certificate that it has signed
//	DIR/index.txt             a line for each of them
//	DIR/serial, DIR/crlnumber the next numbers, in hexadecimal
//	DIR/openssl.cnf           what OpenSSL has to know of all this
//
// Whoever wants a certificate leaves a request: a file in the directory of
// requests that names the key and the certificate to make. A key is made once; a
// certificate is signed again before it expires.
//
// The directory of requests is the lock: authorities and requests may be worked
// on by several processes at once.
package authority
