/** A rule about pods, wherever they are described: Pods, their ephemeral containers, and every kind of template. */
import { POD_KINDS, podOf, type PodDescription } from '../../native/pods.ts';
import type { Rule, Violation } from '../rule.ts';
import { nativeRule, type NativeSubject } from './native-rule.ts';

const RESOURCES = [...POD_KINDS, 'core/pods/ephemeralcontainers'];

export const podRule = (
  name: string,
  check: (pod: PodDescription, subject: NativeSubject) => readonly Violation[],
): Rule =>
  nativeRule(name, RESOURCES, (subject) => {
    const pod = podOf(subject.kind, subject.object);
    return pod === undefined ? [] : check(pod, subject);
  });
