/** The only file that knows Casbin: one enforcer per domain, fed with rows it never has to load, save or share. */
import { Enforcer, FunctionMap, Model, type Assertion } from 'casbin';
import { cond, glob, MODEL, named, subj, type Attrs, type Row } from './model.ts';

/** Canonical strings, all of them non-empty except `name`. */
export interface Question {
  readonly subjects: ReadonlySet<string>;
  readonly domain: string;
  readonly kind: string;
  readonly name: string;
  readonly verb: string;
  readonly attrs: Attrs;
}

/** `rule` is the id of the row that decided; undefined when no row matched. */
export interface Outcome {
  readonly allowed: boolean;
  readonly rule: string | undefined;
}

export interface DomainEnforcer {
  /**
   * One enforcement over `rows`, which must hold every row of the domain that can match the question: the caller
   * picks them by index so that the cost does not grow with the size of the policy.
   */
  enforce(rows: readonly Row[], question: Question): Outcome;
}

const RULE_COLUMN = 7;
const NOTHING: Outcome = Object.freeze({ allowed: false, rule: undefined });

class BareEnforcer extends Enforcer {
  constructor(model: Model) {
    super();
    this.setModel(model);
    // Without the built-in keyMatch and regexMatch families: each row copies the map, and they have no place here.
    this.fm = new FunctionMap();
    this.fm.addFunction('subj', subj);
    this.fm.addFunction('glob', glob);
    this.fm.addFunction('named', named);
    this.fm.addFunction('cond', cond);
  }
}

export function createEnforcer(): DomainEnforcer {
  const model = new Model();
  model.loadModelFromText(MODEL);
  const assertion = policyAssertion(model);
  const enforcer = new BareEnforcer(model);
  return {
    enforce: (rows, question) => {
      // Casbin answers for an empty policy by matching against empty strings, which is no decision at all.
      if (rows.length === 0) return NOTHING;
      // Everything up to the answer is synchronous, so nobody else sees these rows.
      assertion.policy = rows as unknown as string[][];
      const [allowed, row] = enforcer.enforceExSync(
        question.subjects,
        question.domain,
        question.kind,
        question.name,
        question.verb,
        question.attrs,
      );
      return row.length === 0 ? NOTHING : { allowed, rule: row[RULE_COLUMN] };
    },
  };
}

function policyAssertion(model: Model): Assertion {
  const assertion = model.model.get('p')?.get('p');
  if (assertion === undefined) throw new Error('the Casbin model has no policy definition');
  return assertion;
}
