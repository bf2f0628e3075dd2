"""Pure business documents and their arithmetic: no network, no database, no vendor.

Import the module that holds the thing: :mod:`money`, :mod:`vat`, :mod:`lines`, :mod:`party`,
:mod:`invoice`, :mod:`order`, :mod:`booking`. All values are immutable and compare by content.
"""
