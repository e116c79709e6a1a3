/** Numbers of the fields of metadata and of the other groups on the wire; `tables.ts` explains the notation. */

export const META = `
Condition: type status 4=lastTransitionTime reason message
FieldSelectorRequirement: key operator values
LabelSelector: matchLabels matchExpressions:LabelSelectorRequirement
LabelSelectorRequirement: key operator values
ManagedFieldsEntry: manager operation apiVersion time 6=fieldsType fieldsV1 subresource
ObjectMeta: name generateName namespace selfLink uid resourceVersion generation creationTimestamp
  deletionTimestamp deletionGracePeriodSeconds* labels annotations ownerReferences:OwnerReference
  finalizers 17=managedFields:ManagedFieldsEntry
OwnerReference: kind 3=name uid apiVersion controller* blockOwnerDeletion*
DeleteOptions: gracePeriodSeconds* preconditions:Preconditions orphanDependents* propagationPolicy* dryRun
Preconditions: uid* resourceVersion*
`;

export const GROUPS = `
AggregationRule: clusterRoleSelectors:LabelSelector
ClusterRole: metadata:ObjectMeta rules:PolicyRule aggregationRule:AggregationRule
ClusterRoleBinding: metadata:ObjectMeta subjects:Subject roleRef:RoleRef
CronJob: metadata:ObjectMeta spec:CronJobSpec status:CronJobStatus
CronJobSpec: schedule startingDeadlineSeconds* concurrencyPolicy suspend* jobTemplate:JobTemplateSpec
  successfulJobsHistoryLimit* failedJobsHistoryLimit* timeZone*
CronJobStatus: active:ObjectReference 4=lastScheduleTime lastSuccessfulTime
DaemonSet: metadata:ObjectMeta spec:DaemonSetSpec status:DaemonSetStatus
DaemonSetCondition: type status lastTransitionTime reason message
DaemonSetSpec: selector:LabelSelector template:PodTemplateSpec updateStrategy:DaemonSetUpdateStrategy
  minReadySeconds 6=revisionHistoryLimit*
DaemonSetStatus: currentNumberScheduled numberMisscheduled desiredNumberScheduled numberReady
  observedGeneration updatedNumberScheduled numberAvailable numberUnavailable collisionCount*
  conditions:DaemonSetCondition
DaemonSetUpdateStrategy: type rollingUpdate:RollingUpdateDaemonSet
Deployment: metadata:ObjectMeta spec:DeploymentSpec status:DeploymentStatus
DeploymentCondition: type status 4=reason message lastUpdateTime lastTransitionTime
DeploymentSpec: replicas* selector:LabelSelector template:PodTemplateSpec strategy:DeploymentStrategy
  minReadySeconds revisionHistoryLimit* paused 9=progressDeadlineSeconds*
DeploymentStatus: observedGeneration replicas updatedReplicas availableReplicas unavailableReplicas
  conditions:DeploymentCondition readyReplicas collisionCount* terminatingReplicas*
DeploymentStrategy: type rollingUpdate:RollingUpdateDeployment
DiscoveryEndpointPort: name* protocol* port* appProtocol*
Endpoint: addresses conditions:EndpointConditions hostname* targetRef:ObjectReference deprecatedTopology
  nodeName* zone* hints:EndpointHints
EndpointConditions: ready* serving* terminating*
EndpointHints: forZones:ForZone forNodes:ForNode
EndpointSlice: metadata:ObjectMeta endpoints:Endpoint ports:DiscoveryEndpointPort addressType
EventsEvent: metadata:ObjectMeta eventTime series:EventsEventSeries reportingController
  reportingInstance action reason regarding:ObjectReference related:ObjectReference note type
  deprecatedSource:EventSource deprecatedFirstTimestamp deprecatedLastTimestamp deprecatedCount
EventsEventSeries: count lastObservedTime
FieldSelectorAttributes: rawSelector requirements:FieldSelectorRequirement
ForNode: name
ForZone: name
HTTPIngressPath: path backend:IngressBackend pathType*
HTTPIngressRuleValue: paths:HTTPIngressPath
IPBlock: cidr except
Ingress: metadata:ObjectMeta spec:IngressSpec status:IngressStatus
IngressBackend: 3=resource:TypedLocalObjectReference service:IngressServiceBackend
IngressLoadBalancerIngress: ip hostname 4=ports:IngressPortStatus
IngressLoadBalancerStatus: ingress:IngressLoadBalancerIngress
IngressPortStatus: port protocol error*
IngressRule: host +IngressRuleValue
IngressRuleValue: http:HTTPIngressRuleValue
IngressServiceBackend: name port:ServiceBackendPort
IngressSpec: defaultBackend:IngressBackend tls:IngressTLS rules:IngressRule ingressClassName*
IngressStatus: loadBalancer:IngressLoadBalancerStatus
IngressTLS: hosts secretName
Job: metadata:ObjectMeta spec:JobSpec status:JobStatus
JobCondition: type status lastProbeTime lastTransitionTime reason message
JobSpec: parallelism* completions* activeDeadlineSeconds* selector:LabelSelector manualSelector*
  template:PodTemplateSpec backoffLimit* ttlSecondsAfterFinished* completionMode* suspend*
  podFailurePolicy:PodFailurePolicy backoffLimitPerIndex* maxFailedIndexes* podReplacementPolicy*
  managedBy* successPolicy:SuccessPolicy
JobStatus: conditions:JobCondition startTime completionTime active succeeded failed completedIndexes
  uncountedTerminatedPods:UncountedTerminatedPods ready* failedIndexes* terminating*
JobTemplateSpec: metadata:ObjectMeta spec:JobSpec
LabelSelectorAttributes: rawSelector requirements:LabelSelectorRequirement
Lease: metadata:ObjectMeta spec:LeaseSpec
LeaseSpec: holderIdentity* leaseDurationSeconds* acquireTime renewTime leaseTransitions* strategy*
  preferredHolder*
LocalSubjectAccessReview: metadata:ObjectMeta spec:SubjectAccessReviewSpec
  status:SubjectAccessReviewStatus
MatchCondition: name expression
MutatingWebhook: name clientConfig:WebhookClientConfig rules:RuleWithOperations failurePolicy*
  namespaceSelector:LabelSelector sideEffects* timeoutSeconds* admissionReviewVersions matchPolicy*
  reinvocationPolicy* objectSelector:LabelSelector matchConditions:MatchCondition
MutatingWebhookConfiguration: metadata:ObjectMeta webhooks:MutatingWebhook
NetworkPolicy: metadata:ObjectMeta spec:NetworkPolicySpec
NetworkPolicyEgressRule: ports:NetworkPolicyPort to:NetworkPolicyPeer
NetworkPolicyIngressRule: ports:NetworkPolicyPort from:NetworkPolicyPeer
NetworkPolicyPeer: podSelector:LabelSelector namespaceSelector:LabelSelector ipBlock:IPBlock
NetworkPolicyPort: protocol* port endPort*
NetworkPolicySpec: podSelector:LabelSelector ingress:NetworkPolicyIngressRule
  egress:NetworkPolicyEgressRule policyTypes
NonResourceAttributes: path verb
NonResourceRule: verbs nonResourceURLs
PodDisruptionBudget: metadata:ObjectMeta spec:PodDisruptionBudgetSpec status:PodDisruptionBudgetStatus
PodDisruptionBudgetSpec: minAvailable selector:LabelSelector maxUnavailable unhealthyPodEvictionPolicy*
PodDisruptionBudgetStatus: observedGeneration disruptedPods disruptionsAllowed currentHealthy
  desiredHealthy expectedPods conditions:Condition
PodFailurePolicy: rules:PodFailurePolicyRule
PodFailurePolicyOnExitCodesRequirement: containerName* operator values
PodFailurePolicyOnPodConditionsPattern: type status
PodFailurePolicyRule: action onExitCodes:PodFailurePolicyOnExitCodesRequirement
  onPodConditions:PodFailurePolicyOnPodConditionsPattern
PolicyRule: verbs apiGroups resources resourceNames nonResourceURLs
ReplicaSet: metadata:ObjectMeta spec:ReplicaSetSpec status:ReplicaSetStatus
ReplicaSetCondition: type status lastTransitionTime reason message
ReplicaSetSpec: replicas* selector:LabelSelector template:PodTemplateSpec minReadySeconds
ReplicaSetStatus: replicas fullyLabeledReplicas observedGeneration readyReplicas availableReplicas
  conditions:ReplicaSetCondition terminatingReplicas*
ResourceAttributes: namespace verb group version resource subresource name
  fieldSelector:FieldSelectorAttributes labelSelector:LabelSelectorAttributes
ResourceRule: verbs apiGroups resources resourceNames
Role: metadata:ObjectMeta rules:PolicyRule
RoleBinding: metadata:ObjectMeta subjects:Subject roleRef:RoleRef
RoleRef: apiGroup kind name
RollingUpdateDaemonSet: maxUnavailable maxSurge
RollingUpdateDeployment: maxUnavailable maxSurge
RollingUpdateStatefulSetStrategy: partition* maxUnavailable
Rule: apiGroups apiVersions resources scope*
RuleWithOperations: operations +Rule
SelfSubjectAccessReview: metadata:ObjectMeta spec:SelfSubjectAccessReviewSpec
  status:SubjectAccessReviewStatus
SelfSubjectAccessReviewSpec: resourceAttributes:ResourceAttributes
  nonResourceAttributes:NonResourceAttributes
SelfSubjectReview: metadata:ObjectMeta status:SelfSubjectReviewStatus
SelfSubjectReviewStatus: userInfo:UserInfo
SelfSubjectRulesReview: metadata:ObjectMeta spec:SelfSubjectRulesReviewSpec
  status:SubjectRulesReviewStatus
SelfSubjectRulesReviewSpec: namespace
ServiceBackendPort: name number
ServiceReference: namespace name path* port*
StatefulSet: metadata:ObjectMeta spec:StatefulSetSpec status:StatefulSetStatus
StatefulSetCondition: type status lastTransitionTime reason message
StatefulSetOrdinals: start
StatefulSetPersistentVolumeClaimRetentionPolicy: whenDeleted whenScaled
StatefulSetSpec: replicas* selector:LabelSelector template:PodTemplateSpec
  volumeClaimTemplates:PersistentVolumeClaim serviceName podManagementPolicy
  updateStrategy:StatefulSetUpdateStrategy revisionHistoryLimit* minReadySeconds
  persistentVolumeClaimRetentionPolicy:StatefulSetPersistentVolumeClaimRetentionPolicy
  ordinals:StatefulSetOrdinals
StatefulSetStatus: observedGeneration replicas readyReplicas currentReplicas updatedReplicas
  currentRevision updateRevision 9=collisionCount* conditions:StatefulSetCondition availableReplicas
StatefulSetUpdateStrategy: type rollingUpdate:RollingUpdateStatefulSetStrategy
Subject: kind apiGroup name namespace
SubjectAccessReview: metadata:ObjectMeta spec:SubjectAccessReviewSpec status:SubjectAccessReviewStatus
SubjectAccessReviewSpec: resourceAttributes:ResourceAttributes
  nonResourceAttributes:NonResourceAttributes user groups extra uid
SubjectAccessReviewStatus: allowed reason evaluationError denied
SubjectRulesReviewStatus: resourceRules:ResourceRule nonResourceRules:NonResourceRule incomplete
  evaluationError
SuccessPolicy: rules:SuccessPolicyRule
SuccessPolicyRule: succeededIndexes* succeededCount*
UncountedTerminatedPods: succeeded failed
UserInfo: username uid groups extra
ValidatingWebhook: name clientConfig:WebhookClientConfig rules:RuleWithOperations failurePolicy*
  namespaceSelector:LabelSelector sideEffects* timeoutSeconds* admissionReviewVersions matchPolicy*
  objectSelector:LabelSelector matchConditions:MatchCondition
ValidatingWebhookConfiguration: metadata:ObjectMeta webhooks:ValidatingWebhook
WebhookClientConfig: service:ServiceReference caBundle url*
`;
