/** The four webhooks: what each is for, how it fails, and what it does with a question. */

export type Task =
  /** Changes the object. */
  | 'mutate'
  /** Refuses what breaks a rule. */
  | 'isolate'
  /** Decides on connections to pods and services. */
  | 'connect'
  /** Tells what policies on trial would have refused; never refuses. */
  | 'advise';

export interface Hook {
  /** As audit annotations and denials name it. */
  readonly name: string;
  readonly task: Task;
  readonly failurePolicy: 'Fail' | 'Ignore';
  readonly timeoutSeconds: number;
}

// source: policy design 14, names completed to the three segments that Kubernetes asks for.
export const HOOKS: readonly Hook[] = [
  { name: 'mutate.polder.dev', task: 'mutate', failurePolicy: 'Fail', timeoutSeconds: 2 },
  { name: 'isolation.polder.dev', task: 'isolate', failurePolicy: 'Fail', timeoutSeconds: 3 },
  { name: 'connect.polder.dev', task: 'connect', failurePolicy: 'Fail', timeoutSeconds: 3 },
  { name: 'advice.polder.dev', task: 'advise', failurePolicy: 'Ignore', timeoutSeconds: 1 },
];

/** Name of the registration's entry about Namespaces themselves. */
export const namespacesEntry = (hook: Hook): string => `namespaces.${hook.name}`;

/** By the name of a registration's entry, with which the path of its questions ends. */
export const HOOK_OF_ENTRY: ReadonlyMap<string, Hook> = new Map(
  HOOKS.flatMap((hook) => [
    [hook.name, hook],
    [namespacesEntry(hook), hook],
  ]),
);
