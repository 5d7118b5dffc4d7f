"""Modbus TCP: coils, discrete inputs, input registers and holding registers of one unit.

What a device can do stands in the Modbus Application Protocol Specification V1.1b3 (functions, exceptions,
125 registers or 2000 bits a request) and in the Messaging on TCP/IP Implementation Guide V1.0b (header,
transaction, unit). Numbers such as 40001 are older than both: they are the register numbers of Modicon's
controllers, counted from 1. The specification counts from 0, as `hr:0` does.
"""

from plantpulse.tags.drivers.modbus.driver import DRIVER

__all__ = ["DRIVER"]
