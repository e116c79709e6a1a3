import assert from 'node:assert/strict';
import { covered, parseRange, without, type AddressRange } from './address-ranges.ts';

const range = (cidr: string): AddressRange => parseRange(cidr) ?? assert.fail(cidr);
const V4 = 1n << 32n;
const V6 = 1n << 128n;

describe('ranges of addresses', () => {
  it('are read as Kubernetes reads them', () => {
    assert.deepEqual(range('10.1.2.3/16'), { bits: 32, from: 0x0a01_0000n, to: 0x0a02_0000n });
    assert.deepEqual(range('010.001.0.0/016'), range('10.1.0.0/16'));
    assert.deepEqual(range('0.0.0.0/00'), { bits: 32, from: 0n, to: V4 });
    assert.deepEqual(range('255.255.255.255/32'), { bits: 32, from: V4 - 1n, to: V4 });
    assert.deepEqual(range('::/0'), { bits: 128, from: 0n, to: V6 });
    assert.deepEqual(range('8000::/1'), { bits: 128, from: V6 / 2n, to: V6 });
    assert.deepEqual(range('1:2:3:4:5:6:7:8/128').from, 0x0001_0002_0003_0004_0005_0006_0007_0008n);
    assert.deepEqual(range('2001:db8::1:2/128').from, 0x2001_0db8_0000_0000_0000_0000_0001_0002n);
    assert.deepEqual(range('64:ff9b::10.0.0.1/128').from, (0x64_ff9bn << 96n) + 0x0a00_0001n);
  });

  it('of IPv4 addresses that are written as IPv6 are those of IPv4', () => {
    assert.deepEqual(range('::ffff:10.0.0.0/104'), range('10.0.0.0/8'));
    assert.deepEqual(range('::ffff:0:0/96'), range('0.0.0.0/0'));
    assert.equal(range('::ffff:0:0/95').bits, 128);
  });

  it('are nothing else', () => {
    for (const text of [
      '',
      '/',
      '10.0.0.0',
      '10.0.0.0/',
      '10.0.0.0/33',
      '10.0.0/8',
      '10.0.0.256/8',
      '10.0.0.0.0/8',
      '10.0.0.0/-1',
      '10.0.0.0/8/8',
      '::/129',
      'fe80::1%eth0/64',
      '1:2:3/16',
      'x/0',
      ' 0.0.0.0/0',
    ]) {
      assert.equal(parseRange(text), undefined, text);
    }
  });

  it('lose what is taken out of them, and count once what several cover', () => {
    const left = without(
      range('10.0.0.0/8'),
      ['10.0.0.0/9', '10.192.0.0/10', '10.200.0.0/16', '::/0'].map(range),
    );
    assert.deepEqual(left, [range('10.128.0.0/10')]);
    assert.deepEqual(without(range('10.0.0.0/8'), [range('0.0.0.0/0')]), []);
    assert.deepEqual(without(range('10.0.0.0/8'), [range('11.0.0.0/8')]), [range('10.0.0.0/8')]);
    const several = ['128.0.0.0/1', '0.0.0.0/1', '10.0.0.0/8', '192.0.0.0/2', '::/1'].map(range);
    assert.equal(covered(several, 32), V4);
    assert.equal(covered(several, 128), V6 / 2n);
    assert.equal(covered([], 32), 0n);
  });
});
