"""Fields of a certificate, read from its DER: a library for them would cost megabytes. Pure."""

from __future__ import annotations

from collections.abc import Iterator

#: ITU-T X.690, 8.1.2: identifiers of what is looked at.
SEQUENCE = 0x30
_SET, _OBJECT_IDENTIFIER, _VERSION = 0x31, 0x06, 0xA0
#: Identifiers of strings, and how Python decodes them.
_STRINGS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}
#: RFC 5280, appendix A: id-at-commonName and id-at-organizationName.
_COMMON_NAME, _ORGANIZATION = bytes((0x55, 0x04, 0x03)), bytes((0x55, 0x04, 0x0A))
#: RFC 5280, appendix A.1: ub-common-name and ub-organization-name.
_LONGEST_NAME = 64
#: RFC 5280, 4.1: fields behind the version are serial number, algorithm, issuer, validity, subject.
_ISSUER, _SUBJECT = 2, 4


def issuer_names(certificate: bytes) -> tuple[str, str]:
    """Return the issuer's common name and organization, "" for one that it does not have; both a stranger's.

    Args:
        certificate: DER.

    Raises:
        ValueError: it is no certificate.
    """
    return _names_in(certificate, _ISSUER)


def issuer_of(certificate: bytes) -> str:
    """Return the name of the issuer for people: its common name, and its organization if that says more.

    The name is a stranger's: it is to be shown without its control characters.

    Args:
        certificate: DER.

    Raises:
        ValueError: it is no certificate, or its issuer has no name.
    """
    return _name_in(certificate, _ISSUER)


def subject_of(certificate: bytes) -> str:
    """Return the name of the certificate's owner, in the form of :func:`issuer_of`.

    Args:
        certificate: DER.

    Raises:
        ValueError: it is no certificate, or its owner has no name.
    """
    return _name_in(certificate, _SUBJECT)


def _name_in(certificate: bytes, place: int) -> str:
    common, organization = _names_in(certificate, place)
    if common and organization and organization.casefold() not in common.casefold():
        return f"{common} ({organization})"
    if not (name := common or organization):
        raise ValueError("no certificate: a name is empty")
    return name


def _names_in(certificate: bytes, place: int) -> tuple[str, str]:
    fields = certificate_fields(certificate)
    if len(fields) <= place or fields[place][0] != SEQUENCE:
        raise ValueError("no certificate: a name is missing")
    names = dict(_attributes(fields[place][1]))
    return names.get(_COMMON_NAME, ""), names.get(_ORGANIZATION, "")


def _attributes(name: bytes) -> Iterator[tuple[bytes, str]]:
    """Yield identifier and text of each attribute of a name. Source: RFC 5280, 4.1.2.4.

    Raises:
        ValueError: it is damaged.
    """
    for kind, group in elements(name):
        for inner_kind, pair in elements(group) if kind == _SET else ():
            parts = list(elements(pair)) if inner_kind == SEQUENCE else []
            if len(parts) == 2 and parts[0][0] == _OBJECT_IDENTIFIER and parts[1][0] in _STRINGS:
                text = parts[1][1].decode(_STRINGS[parts[1][0]], "replace")
                yield parts[0][1], text[:_LONGEST_NAME]


def certificate_fields(certificate: bytes) -> list[tuple[int, bytes]]:
    """Return kind and content of each field behind the version. Source: RFC 5280, 4.1.

    Args:
        certificate: DER.

    Raises:
        ValueError: it is no certificate.
    """
    whole = _content(certificate, SEQUENCE)
    fields = list(elements(_content(whole, SEQUENCE)))
    if fields and fields[0][0] == _VERSION:
        del fields[0]
    return fields


def _content(data: bytes, kind: int) -> bytes:
    """Return the content of the first element of ``data``.

    Raises:
        ValueError: it is of another kind, or damaged.
    """
    found = next(elements(data), None)
    if found is None or found[0] != kind:
        raise ValueError("no certificate: its structure is another one")
    return found[1]


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield kind and content of each element. Source: ITU-T X.690, 8.1.3, and 10.1.

    Raises:
        ValueError: one is longer than what is there.
    """
    at = 0
    while at < len(data):
        if at + 2 > len(data):
            raise ValueError("no certificate: it ends in the middle")
        kind, length = data[at], data[at + 1]
        at += 2
        if length > 0x80:
            digits = length - 0x80
            length, at = int.from_bytes(data[at : at + digits]), at + digits
        if at + length > len(data):
            raise ValueError("no certificate: it ends in the middle")
        yield kind, data[at : at + length]
        at += length
