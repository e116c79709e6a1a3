import assert from 'node:assert/strict';
import { readAuthentication } from './authentication-config.ts';

describe('authentication configuration of the host', () => {
  const DATA = {
    'client-ca-file': 'CLIENT CA',
    'requestheader-client-ca-file': 'PROXY CA',
    'requestheader-allowed-names': '["front-proxy-client"]',
    'requestheader-username-headers': '["X-Remote-User"]',
    'requestheader-uid-headers': '["X-Remote-Uid"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
  };

  it('is read as kube-apiserver publishes it', () => {
    assert.deepEqual(readAuthentication(DATA), {
      clientCa: 'CLIENT CA',
      proxy: {
        authorities: 'PROXY CA',
        allowedNames: ['front-proxy-client'],
        usernameHeaders: ['X-Remote-User'],
        uidHeaders: ['X-Remote-Uid'],
        groupHeaders: ['X-Remote-Group'],
        extraPrefixes: ['X-Remote-Extra-'],
      },
    });
  });

  it('knows no proxy without a requestheader CA', () => {
    const { 'requestheader-client-ca-file': _, ...rest } = DATA;
    assert.equal(readAuthentication(rest).proxy, undefined);
    assert.equal(readAuthentication({ ...DATA, 'requestheader-client-ca-file': '\n' }).proxy, undefined);
  });

  it('takes no UID from headers where none is named for it', () => {
    const { 'requestheader-uid-headers': _, ...rest } = DATA;
    assert.deepEqual(readAuthentication(rest).proxy?.uidHeaders, []);
  });

  it('is refused when a list is none', () => {
    for (const wrong of ['X-Remote-User', '"X-Remote-User"', '[1]', '{}']) {
      assert.throws(() => readAuthentication({ ...DATA, 'requestheader-username-headers': wrong }));
    }
  });
});
