// Package pep reads what Python's packaging standards define: versions and
// specifiers (PEP 440), markers and requirements (PEP 508).
package pep
