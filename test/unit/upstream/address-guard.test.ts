import t from 'tap'
import { judgeAddress, mayDial } from '../../../gateway/upstream/address-guard.ts'

// The classes of IANA's special-purpose address registries, and the spellings that SSRF guards
// have been passed with (stripe/smokescreen's table names them).
const cases: [address: string, verdict: ReturnType<typeof judgeAddress>][] = [
  ['52.218.1.1', 'public'],
  ['2a05:d018::1', 'public'],
  ['10.0.0.1', 'private'],
  ['172.16.0.1', 'private'],
  ['172.32.0.1', 'public'],
  ['192.168.255.255', 'private'],
  ['100.64.0.1', 'private'],
  ['100.128.0.1', 'public'],
  ['fc00::1', 'private'],
  ['fdff::1', 'private'],
  ['127.0.0.1', 'loopback'],
  ['127.255.0.9', 'loopback'],
  ['::1', 'loopback'],
  ['0:0:0:0:0:0:0:1', 'loopback'],
  ['169.254.169.254', 'forbidden'],
  ['fd00:ec2::254', 'forbidden'],
  ['fe80::1', 'forbidden'],
  ['fe80::1%eth0', 'forbidden'],
  ['0.0.0.0', 'forbidden'],
  ['::', 'forbidden'],
  ['224.0.0.1', 'forbidden'],
  ['255.255.255.255', 'forbidden'],
  ['192.0.2.1', 'forbidden'],
  ['198.18.0.1', 'forbidden'],
  ['64:ff9b::7f00:1', 'forbidden'],
  ['2002:7f00:1::', 'forbidden'],
  ['2001::1', 'forbidden'],
  ['ff02::1', 'forbidden'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:7f00:1', 'loopback'],
  ['::ffff:169.254.169.254', 'forbidden'],
  ['::ffff:a9fe:a9fe', 'forbidden'],
  ['0:0:0:0:0:ffff:10.0.0.1', 'private'],
  ['::ffff:8.8.8.8', 'public'],
  ['2130706433', 'forbidden'],
  ['0x7f.1', 'forbidden'],
  ['127.1', 'forbidden'],
  ['localhost', 'forbidden'],
  ['', 'forbidden'],
]

for (const [address, verdict] of cases) {
  t.test(`judges ${address || 'nothing'} as ${verdict}`, (t) => {
    t.equal(judgeAddress(address), verdict)
    t.end()
  })
}

t.test('the two switches open their own class and no other', (t) => {
  const closed = { allowPrivate: false, unsafeAllowLoopback: false }
  t.equal(mayDial('52.218.1.1', closed), true)
  t.equal(mayDial('10.0.0.1', closed), false)
  t.equal(mayDial('127.0.0.1', closed), false)
  t.equal(mayDial('10.0.0.1', { ...closed, allowPrivate: true }), true)
  t.equal(mayDial('127.0.0.1', { ...closed, allowPrivate: true }), false)
  t.equal(mayDial('127.0.0.1', { ...closed, unsafeAllowLoopback: true }), true)
  t.equal(mayDial('10.0.0.1', { ...closed, unsafeAllowLoopback: true }), false)
  const open = { allowPrivate: true, unsafeAllowLoopback: true }
  t.equal(mayDial('169.254.169.254', open), false)
  t.equal(mayDial('fd00:ec2::254', open), false)
  t.end()
})
