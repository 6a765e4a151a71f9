// The records of RFC 8448: section 3, a simple 1-RTT handshake, and section 4, a resumed one with 0-RTT data.
import { describe, expect, it } from 'vitest';
import { KeyLogDecryption } from '../../src/decryption/decryption.js';
import { KeyLog } from '../../src/decryption/key-log.js';
import { expandLabel, prf } from '../../src/decryption/key-schedule.js';
import type { RecordDecryptor } from '../../src/tls/decryption.js';
import { ContentType } from '../../src/wire/tls-record.js';

const { ALERT, APPLICATION_DATA, HANDSHAKE } = ContentType;

const SECTION_3 = {
  clientRandom: 'cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7',
  secrets: {
    CLIENT_HANDSHAKE_TRAFFIC_SECRET: 'b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21',
    SERVER_HANDSHAKE_TRAFFIC_SECRET: 'b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38',
    CLIENT_TRAFFIC_SECRET_0: '9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5',
    SERVER_TRAFFIC_SECRET_0: 'a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643',
  },
  /** EncryptedExtensions, Certificate, CertificateVerify, Finished */
  serverFlight: `
    17030302a2d1ff334a56f5bff6594a07cc87b580233f500f45e489e7f33af35edf7869fcf40aa40aa2b8ea73f848a7ca
    07612ef9f945cb960b4068905123ea78b111b429ba9191cd05d2a389280f526134aadc7fc78c4b729df828b5ecf7b13b
    d9aefb0e57f271585b8ea9bb355c7c79020716cfb9b1183ef3ab20e37d57a6b9d7477609aee6e122a4cf51427325250c
    7d0e509289444c9b3a648f1d71035d2ed65b0e3cdd0cbae8bf2d0b227812cbb360987255cc744110c453baa4fcd61092
    8d809810e4b7ed1a8fd991f06aa6248204797e36a6a73b70a2559c09ead686945ba246ab66e5edd8044b4c6de3fcf2a8
    9441ac66272fd8fb330ef8190579b3684596c960bd596eea520a56a8d650f563aad27409960dca63d3e688611ea5e22f
    4415cf9538d51a200c27034272968a264ed6540c84838d89f72c24461aad6d26f59ecaba9acbbb317b66d902f4f292a3
    6ac1b639c637ce343117b659622245317b49eeda0c6258f100d7d961ffb138647e92ea330faeea6dfa31c7a84dc3bd7e
    1b7a6c7178af36879018e3f252107f243d243dc7339d5684c8b0378bf30244da8c87c843f5e56eb4c5e8280a2b48052c
    f93b16499a66db7cca71e4599426f7d461e66f99882bd89fc50800becca62d6c74116dbd2972fda1fa80f85df881edbe
    5a37668936b335583b599186dc5c6918a396fa48a181d6b6fa4f9d62d513afbb992f2b992f67f8afe67f76913fa388cb
    5630c8ca01e0c65d11c66a1e2ac4c85977b7c7a6999bbf10dc35ae69f5515614636c0b9b68c19ed2e31c0b3b66763038
    ebba42f3b38edc0399f3a9f23faa63978c317fc9fa66a73f60f0504de93b5b845e275592c12335ee340bbc4fddd50278
    4016e4b3be7ef04dda49f4b440a30cb5d2af939828fd4ae3794e44f94df5a631ede42c1719bfdabf0253fe5175be898e
    750edc53370d2b`,
  serverFinished: '140000209b9b141d906337fbd2cbdce71df4deda4ab42c309572cb7fffee5454b78f0718',
  clientFinishedRecord:
    '170303003575ec4dc238cce60b298044a71e219c56cc77b0517fe9b93c7a4bfc44d87f38f80338ac98fc46deb384bd1caeacab6867d726c40546',
  clientFinished: '14000020a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61',
  newSessionTicketRecord: `
    17030300de3a6b8f90414a97d6959c3487680de5134a2b240e6cffac116e95d41d6af8f6b580dcf3d11d63c758db289a
    015940252f55713e061dc13e078891a38efbcf5753ad8ef170ad3c7353d16d9da773b9ca7f2b9fa1b6c0d4a3d03f75e0
    9c30ba1e62972ac46f75f7b981be63439b2999ce13064615139891d5e4c5b406f16e3fc181a77ca475840025db2f0a77
    f81b5ab05b94c01346755f69232c86519d86cbeeac87aac347d143f9605d64f650db4d023e70e952ca49fe5137121c74
    bc2697687e248746d6df353005f3bce18696129c8153556b3b6c6779b37bf15985684f`,
  /** Type, length, ticket_lifetime and ticket_age_add. */
  newSessionTicketStart: '040000c90000001efad6aac5',
  clientData: `
    1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b
    62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4`,
  serverData: `
    17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8
    fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d`,
  clientAlert: '1703030013c9872760655666b74d7ff1153efd6db6d0b0e3',
  serverAlert: '1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9',
};

const SECTION_4 = {
  clientRandom: '1bc3ceb6bbe39cff938355b5a50adb6db21b7a6af649d7b4bc419d7876487d95',
  secrets: {
    CLIENT_EARLY_TRAFFIC_SECRET: '3fbbe6a60deb66c30a32795aba0eff7eaa10105586e7be5c09678d63b6caab62',
    CLIENT_HANDSHAKE_TRAFFIC_SECRET: '2faac08f851d35fea3604fcb4de82dc62c9b164a70974d0462e27f1ab278700f',
    SERVER_HANDSHAKE_TRAFFIC_SECRET: 'fe927ae271312e8bf0275b581c54eef020450dc4ecffaa05a1a35d27518e7803',
    CLIENT_TRAFFIC_SECRET_0: '2abbf2b8e381d23dbebe1dd2a7d16a8bf484cb4950d23fb7fb7fa8547062d9a1',
    SERVER_TRAFFIC_SECRET_0: 'cc21f1bf8feb7dd5fa505bd9c4b468a9984d554a993dc49e6d285598fb672691',
  },
  earlyData: '1703030017ab1df420e75c457a7cc5d2844f76d5aee4b4edbf049be0',
  endOfEarlyData: '1703030015aca6fc944841298df99593725f9bf9754429b12f09',
  /** EncryptedExtensions and Finished */
  serverFlight: `
    1703030061dc48237b4b879f50d0d4d262ea8b4716eb40ddc1eb957e11126e8a7149c2d012d37a7115957e64ce30008b
    9e0323f2c05a9c1c77b4f37849a695ab255060a33fee770ca95cb8486bfd0843b87024865ca35cc41c4e515c64dcb136
    9f98635bc7a5`,
  serverFinished: '1400002048d3e0e1b3d907c6acff145e16090388c77b05c050b634ab1a88bbd0dd1a34b2',
  clientFinishedRecord:
    '170303003500f8b467d14cf22a4b3f0b6ae0d8e6cc8d08e0db3515ef5c2bdf1922eafbb70009964716d834fb70c3d2a56c5b1f5f6bdba6c333cf',
  clientFinished: '140000207230a9c952c25cd6138fc5e6628308c41c5335dd81b9f96bcea50fd32bda416d',
  clientData: `
    1703030043b1cebce242aa201be9ae5e1cb2a9aa4b33d4e866af1edb068919237741aa031d7a74d491c99b9d4e232b74
    206bc6fbaa04fe78be44a9b4f54320a17eb76992afac3103`,
  serverData: `
    1703030043275e9f20acff57bc000657d3867df039cccf79047884cf75771746f740b5a83f462a0954c3581393a203a2
    5a7dd14141ef1a37900cdb62ff62dee1ba39ab2590cbf194`,
  clientAlert: '17030300130facce3246bdfc6369838d6a82ae6de5d422dc',
  serverAlert: '17030300135b18af444e8e1eec7158fb62d8f2577d37ba5d',
};

/** The bytes 00 to 31. */
const DATA = Buffer.from(Array.from({ length: 50 }, (_, i) => i)).toString('hex');
const CLOSE_NOTIFY = '0100';

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
}

function open({ clientRandom, secrets }: { clientRandom: string; secrets: Record<string, string> }) {
  const log = new KeyLog();
  for (const [label, secret] of Object.entries(secrets)) log.add(Buffer.from(`${label} ${clientRandom} ${secret}`));
  const decryption = new KeyLogDecryption(log);
  const decryptor = decryption.open({
    version: 0x0304,
    cipherSuite: 0x1301,
    clientRandom: bytes(clientRandom),
    serverRandom: new Uint8Array(32),
    encryptThenMac: false,
  });
  if (decryptor === null) throw new Error('not opened');
  return { decryption, decryptor };
}

/** The content type and the plaintext in hex of a record given with its header. */
function decrypted(decryptor: RecordDecryptor, side: 'client' | 'server', record: string): [number, string] | null {
  const whole = bytes(record);
  expect(whole.readUInt16BE(3)).toBe(whole.length - 5);
  expect(decryptor.wants(side === 'client', whole[0], whole.length - 5)).toBe(true);
  const plain = decryptor.decrypt(side === 'client', whole[0], whole.readUInt16BE(1), whole.subarray(5));
  return plain === null ? null : [plain.contentType, Buffer.from(plain.bytes).toString('hex')];
}

describe('the traces of RFC 8448', () => {
  it('3: a simple 1-RTT handshake', () => {
    const { decryption, decryptor } = open(SECTION_3);
    const flight = decrypted(decryptor, 'server', SECTION_3.serverFlight);
    expect(flight?.[0]).toBe(HANDSHAKE);
    expect(flight?.[1]).toMatch(/^08000024/);
    expect(flight?.[1].endsWith(SECTION_3.serverFinished)).toBe(true);
    expect(decrypted(decryptor, 'client', SECTION_3.clientFinishedRecord)).toEqual([HANDSHAKE, SECTION_3.clientFinished]);
    const ticket = decrypted(decryptor, 'server', SECTION_3.newSessionTicketRecord);
    expect(ticket?.[0]).toBe(HANDSHAKE);
    expect(ticket?.[1].startsWith(SECTION_3.newSessionTicketStart)).toBe(true);
    expect(decrypted(decryptor, 'client', SECTION_3.clientData)).toEqual([APPLICATION_DATA, DATA]);
    expect(decrypted(decryptor, 'server', SECTION_3.serverData)).toEqual([APPLICATION_DATA, DATA]);
    expect(decrypted(decryptor, 'client', SECTION_3.clientAlert)).toEqual([ALERT, CLOSE_NOTIFY]);
    expect(decrypted(decryptor, 'server', SECTION_3.serverAlert)).toEqual([ALERT, CLOSE_NOTIFY]);
    expect(decryption).toMatchObject({ connections: 1, unsupported: 0, failedRecords: 0 });
  });

  it('4: a resumed handshake with 0-RTT data', () => {
    const { decryption, decryptor } = open(SECTION_4);
    expect(decrypted(decryptor, 'client', SECTION_4.earlyData)).toEqual([APPLICATION_DATA, '414243444546']);
    expect(decrypted(decryptor, 'server', SECTION_4.serverFlight)?.[1].endsWith(SECTION_4.serverFinished)).toBe(true);
    expect(decrypted(decryptor, 'client', SECTION_4.endOfEarlyData)).toEqual([HANDSHAKE, '05000000']);
    expect(decrypted(decryptor, 'client', SECTION_4.clientFinishedRecord)).toEqual([HANDSHAKE, SECTION_4.clientFinished]);
    expect(decrypted(decryptor, 'client', SECTION_4.clientData)).toEqual([APPLICATION_DATA, DATA]);
    expect(decrypted(decryptor, 'server', SECTION_4.serverData)).toEqual([APPLICATION_DATA, DATA]);
    expect(decrypted(decryptor, 'client', SECTION_4.clientAlert)).toEqual([ALERT, CLOSE_NOTIFY]);
    expect(decrypted(decryptor, 'server', SECTION_4.serverAlert)).toEqual([ALERT, CLOSE_NOTIFY]);
    expect(decryption.failedRecords).toBe(0);
  });

  it('a record that was changed does not open, the next one does', () => {
    const { decryption, decryptor } = open(SECTION_3);
    decrypted(decryptor, 'client', SECTION_3.clientFinishedRecord);
    const changed = bytes(SECTION_3.clientData);
    changed[20] ^= 1;
    expect(decrypted(decryptor, 'client', changed.toString('hex'))).toBeNull();
    expect(decrypted(decryptor, 'client', SECTION_3.clientAlert)).toEqual([ALERT, CLOSE_NOTIFY]);
    expect(decryption.failedRecords).toBe(1);
  });
});

describe('key derivation', () => {
  const hex = (value: Uint8Array) => Buffer.from(value).toString('hex');

  it('HKDF-Expand-Label: RFC 8448 3', () => {
    const secret = bytes(SECTION_3.secrets.SERVER_HANDSHAKE_TRAFFIC_SECRET);
    expect(hex(expandLabel('sha256', secret, 'key', 16))).toBe('3fce516009c21727d0f2e4e86ee403bc');
    expect(hex(expandLabel('sha256', secret, 'iv', 12))).toBe('5d313eb2671276ee13000b30');
    expect(hex(expandLabel('sha256', secret, 'finished', 32))).toBe('008d3b66f816ea559f96b537e885c31fc068bf492c652f01f288a1d8cdc19fc8');
  });

  it('the PRF with SHA-256: the known vector of the TLS working group', () => {
    const secret = bytes('9bbe436ba940f017b17652849a71db35');
    const seed = bytes('a0ba9f936cda311827a6f796ffd5198c');
    expect(hex(prf('sha256', secret, 'test label', seed, 100))).toBe(
      'e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66',
    );
  });
});
