/** Where a walk stands inside an object, printed as Kubernetes does: `spec.parts[0].name`. Text is made on demand. */
export class FieldPath {
  readonly #steps: (string | number)[] = [];
  readonly #root: string;

  /** `root` is put in front of every path; empty for none. */
  constructor(root = '') {
    this.#root = root;
  }

  push(step: string | number): void {
    this.#steps.push(step);
  }
  pop(): void {
    this.#steps.pop();
  }

  /** The path of a field of the current object. */
  child(name: string): string {
    const here = this.toString();
    return here === '' ? name : `${here}.${name}`;
  }

  toString(): string {
    return joinPath(this.#root, this.#steps);
  }

  /** The path without list indexes, to be compared with declared paths such as those of secrets. */
  declared(): string {
    const names = this.#steps.filter((step) => typeof step === 'string');
    return joinPath(this.#root, names);
  }
}

export function joinPath(root: string, steps: readonly (string | number)[]): string {
  let text = root;
  for (const step of steps) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}
