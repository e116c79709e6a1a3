import assert from 'node:assert/strict';
import { createStaticTokens, TokenFileError } from './static-tokens.ts';

describe('static tokens', () => {
  it('reads token, user, uid and quoted groups', () => {
    const tokens = createStaticTokens(
      '# a comment\n\nsecret-one,ann,u1,"dev, ops"\r\nsecret-two,bob,,\nsecret-3,"c,d",u3\n',
    );

    assert.deepEqual(tokens.authenticate('secret-one'), {
      user: { name: 'ann', uid: 'u1', groups: ['dev', 'ops'], extra: {} },
    });
    assert.deepEqual(tokens.authenticate('secret-two'), { user: { name: 'bob', groups: [], extra: {} } });
    assert.deepEqual(tokens.authenticate('secret-3'), {
      user: { name: 'c,d', uid: 'u3', groups: [], extra: {} },
    });
    assert.equal(tokens.authenticate('secret-four'), undefined);
    assert.equal(tokens.authenticate('constructor'), undefined);
  });

  it('names the line that is wrong and never what is in it', () => {
    const wrong: readonly (readonly [string, string])[] = [
      ['secret-one,ann', 'must be token,user,uid'],
      ['secret-one,ann,u1,g,h', 'must be token,user,uid'],
      ['secret-one,ann,"u1', 'must be token,user,uid'],
      ['short,ann,u1', 'shorter than 8'],
      ['secret-one,,u1', 'the user is empty'],
      ['secret-one,system:serviceaccount:polder-system:x,u1', 'component of Polder'],
      ['good-token,a,1\nsecret-one,x,2\nsecret-one,y,3', 'somebody else'],
    ];
    for (const [content, why] of wrong) {
      assert.throws(
        () => createStaticTokens(`first-token,root,u0\n${content}`),
        (error) =>
          error instanceof TokenFileError &&
          error.message.includes(why) &&
          /line [2-4]:/.test(error.message) &&
          !error.message.includes('secret-one'),
      );
    }
  });
});
