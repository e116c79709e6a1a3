/** authorization.k8s.io/v1 SelfSubjectRulesReview: answers `kubectl auth can-i --list`. */
import { defineNative, type ObjectFor } from '../../api/kind.ts';
import { bool, list, obj, opt } from '../../api/schema.ts';
import { text } from './fields.ts';

export const SelfSubjectRulesReview = defineNative({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  scope: 'Cluster',
  doc: 'Lists what the caller may do in one namespace.',
  fields: {
    spec: obj('The question.', { namespace: opt(text('Namespace that is asked about.')) }),
    status: opt(
      obj('The answer.', {
        resourceRules: list(
          'Verbs on resources.',
          obj('One rule.', {
            verbs: list('Verbs, or *.', text('A verb.')),
            apiGroups: opt(list('Groups, or *.', text('A group.'))),
            resources: opt(list('Resources, or *.', text('A resource.'))),
            resourceNames: opt(list('Names of objects; every one when empty.', text('A name.'))),
          }),
        ),
        nonResourceRules: list(
          'Verbs on paths.',
          obj('One rule.', {
            verbs: list('Verbs, or *.', text('A verb.')),
            nonResourceURLs: opt(list('Paths, or *.', text('A path.'))),
          }),
        ),
        incomplete: bool('Whether there may be more.'),
        evaluationError: opt(text('What went wrong while deciding.')),
      }),
    ),
  },
  virtual: true,
});
export type SelfSubjectRulesReview = ObjectFor<typeof SelfSubjectRulesReview>;
