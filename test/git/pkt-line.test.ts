import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FLUSH, MAX_PAYLOAD, ProtocolError, pktLine, readPacket, sideband } from '../../src/git/pkt-line.ts'

describe('pkt-line', () => {
  test('a packet is read back as it was written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000 }), (bytes) => {
        const packet = readPacket(pktLine(Buffer.from(bytes)), 0)
        expect(packet).toEqual({ kind: 'line', payload: Buffer.from(bytes), size: bytes.length + 4 })
      }),
    )
  })

  test('an incomplete packet is no packet yet, wherever it is cut', () => {
    const whole = pktLine('hello')
    for (let end = 0; end < whole.length; end += 1) expect(readPacket(whole.subarray(0, end), 0)).toBeNull()
  })

  test.each(['+12f', ' 12f', '0x1f', '-001', '001F', '00 4', '1e+1', '0001', '0002', '0003', '0004', 'fff1'])(
    'the length %j is refused',
    (hex) => {
      expect(() => readPacket(Buffer.from(`${hex}${'x'.repeat(100)}`), 0)).toThrow(ProtocolError)
    },
  )

  test('a flush is a flush', () => {
    expect(readPacket(FLUSH, 0)).toEqual({ kind: 'flush', size: 4 })
  })

  test('a payload that is too long is refused, and cut for the side band', () => {
    expect(() => pktLine('x'.repeat(MAX_PAYLOAD + 1))).toThrow(RangeError)
    const packets = sideband(2, Buffer.alloc(MAX_PAYLOAD * 2, 'x'))
    expect(readPacket(packets, 0)).toMatchObject({ size: MAX_PAYLOAD + 4 })
  })
})
