/**
 * Protobuf field numbers of admission registration, networking, discovery, policy, RBAC and access reviews.
 * Notation: see `message-table.ts`. source: the protobuf and json tags of k8s.io/api and apimachinery v0.36.3.
 */
export const POLICY_FIELDS = `
MutatingWebhookConfiguration metadata=1:ObjectMeta webhooks=2:*MutatingWebhook
ValidatingWebhookConfiguration metadata=1:ObjectMeta webhooks=2:*ValidatingWebhook
MutatingWebhook name=1:! clientConfig=2:WebhookClientConfig rules=3:*RuleWithOperations
  failurePolicy=4:! matchPolicy=9:! namespaceSelector=5:LabelSelector objectSelector=11:LabelSelector
  sideEffects=6:! timeoutSeconds=7:int! admissionReviewVersions=8:* reinvocationPolicy=10:!
  matchConditions=12:*MatchCondition
ValidatingWebhook name=1:! clientConfig=2:WebhookClientConfig rules=3:*RuleWithOperations
  failurePolicy=4:! matchPolicy=9:! namespaceSelector=5:LabelSelector objectSelector=10:LabelSelector
  sideEffects=6:! timeoutSeconds=7:int! admissionReviewVersions=8:* matchConditions=11:*MatchCondition
WebhookClientConfig url=3:! service=1:ServiceReference caBundle=2:bytes
RuleWithOperations operations=1:* -=2:^Rule
MatchCondition name=1:! expression=2:!
ServiceReference namespace=1:! name=2:! path=3:! port=4:int!
Rule apiGroups=1:* apiVersions=2:* resources=3:* scope=4:!
EndpointSlice metadata=1:ObjectMeta addressType=4:! endpoints=2:*Endpoint ports=3:*EndpointPort
Ingress metadata=1:ObjectMeta spec=2:IngressSpec status=3:IngressStatus
NetworkPolicy metadata=1:ObjectMeta spec=2:NetworkPolicySpec
PodDisruptionBudget metadata=1:ObjectMeta spec=2:PodDisruptionBudgetSpec
  status=3:PodDisruptionBudgetStatus
Eviction metadata=1:ObjectMeta deleteOptions=2:DeleteOptions
Endpoint addresses=1:* conditions=2:EndpointConditions hostname=3:! targetRef=4:ObjectReference
  deprecatedTopology=5:% nodeName=6:! zone=7:! hints=8:EndpointHints
EndpointPort name=1:! protocol=2:! port=3:int! appProtocol=4:!
IngressSpec ingressClassName=4:! defaultBackend=1:IngressBackend tls=2:*IngressTLS rules=3:*IngressRule
IngressStatus loadBalancer=1:IngressLoadBalancerStatus
NetworkPolicySpec podSelector=1:LabelSelector ingress=2:*NetworkPolicyIngressRule
  egress=3:*NetworkPolicyEgressRule policyTypes=4:*
PodDisruptionBudgetSpec minAvailable=1:intstr selector=2:LabelSelector maxUnavailable=3:intstr
  unhealthyPodEvictionPolicy=4:!
PodDisruptionBudgetStatus observedGeneration=1:int disruptedPods=2:%time disruptionsAllowed=3:int!
  currentHealthy=4:int! desiredHealthy=5:int! expectedPods=6:int! conditions=7:*Condition
EndpointConditions ready=1:bool! serving=2:bool! terminating=3:bool!
EndpointHints forZones=1:*ForZone forNodes=2:*ForNode
IngressBackend service=4:IngressServiceBackend resource=3:TypedLocalObjectReference
IngressTLS hosts=1:* secretName=2
IngressRule host=1 -=2:^IngressRuleValue
IngressLoadBalancerStatus ingress=1:*IngressLoadBalancerIngress
NetworkPolicyIngressRule ports=1:*NetworkPolicyPort from=2:*NetworkPolicyPeer
NetworkPolicyEgressRule ports=1:*NetworkPolicyPort to=2:*NetworkPolicyPeer
ForZone name=1:!
ForNode name=1:!
IngressServiceBackend name=1:! port=2:ServiceBackendPort
IngressRuleValue http=1:HTTPIngressRuleValue
IngressLoadBalancerIngress ip=1 hostname=2 ports=4:*IngressPortStatus
NetworkPolicyPort protocol=1:! port=2:intstr endPort=3:int!
NetworkPolicyPeer podSelector=1:LabelSelector namespaceSelector=2:LabelSelector ipBlock=3:IPBlock
ServiceBackendPort name=1 number=2:int
HTTPIngressRuleValue paths=1:*HTTPIngressPath
IngressPortStatus port=1:int! protocol=2:! error=3:!
IPBlock cidr=1:! except=2:*
HTTPIngressPath path=1 pathType=3:! backend=2:IngressBackend
ClusterRole metadata=1:ObjectMeta rules=2:*PolicyRule aggregationRule=3:AggregationRule
ClusterRoleBinding metadata=1:ObjectMeta subjects=2:*Subject roleRef=3:RoleRef
Role metadata=1:ObjectMeta rules=2:*PolicyRule
RoleBinding metadata=1:ObjectMeta subjects=2:*Subject roleRef=3:RoleRef
PolicyRule verbs=1:* apiGroups=2:* resources=3:* resourceNames=4:* nonResourceURLs=5:*
AggregationRule clusterRoleSelectors=1:*LabelSelector
Subject kind=1:! apiGroup=2 name=3:! namespace=4
RoleRef apiGroup=1:! kind=2:! name=3:!
SelfSubjectReview metadata=1:ObjectMeta status=2:SelfSubjectReviewStatus
TokenReview metadata=1:ObjectMeta spec=2:TokenReviewSpec status=3:TokenReviewStatus
TokenRequest metadata=1:ObjectMeta spec=2:TokenRequestSpec status=3:TokenRequestStatus
SubjectAccessReview metadata=1:ObjectMeta spec=2:SubjectAccessReviewSpec
  status=3:SubjectAccessReviewStatus
SelfSubjectAccessReview metadata=1:ObjectMeta spec=2:SelfSubjectAccessReviewSpec
  status=3:SubjectAccessReviewStatus
SelfSubjectRulesReview metadata=1:ObjectMeta spec=2:SelfSubjectRulesReviewSpec
  status=3:SubjectRulesReviewStatus
LocalSubjectAccessReview metadata=1:ObjectMeta spec=2:SubjectAccessReviewSpec
  status=3:SubjectAccessReviewStatus
SelfSubjectReviewStatus userInfo=1:UserInfo
TokenReviewSpec token=1 audiences=2:*
TokenReviewStatus authenticated=1:bool user=2:UserInfo audiences=4:* error=3
TokenRequestSpec audiences=1:* expirationSeconds=4:int! boundObjectRef=3:BoundObjectReference
TokenRequestStatus token=1:! expirationTimestamp=2:time
SubjectAccessReviewSpec resourceAttributes=1:ResourceAttributes
  nonResourceAttributes=2:NonResourceAttributes user=3 groups=4:* extra=5:%extra uid=6
SubjectAccessReviewStatus allowed=1:bool! denied=4:bool reason=2 evaluationError=3
SelfSubjectAccessReviewSpec resourceAttributes=1:ResourceAttributes
  nonResourceAttributes=2:NonResourceAttributes
SelfSubjectRulesReviewSpec namespace=1
SubjectRulesReviewStatus resourceRules=1:*ResourceRule nonResourceRules=2:*NonResourceRule
  incomplete=3:bool! evaluationError=4
UserInfo username=1 uid=2 groups=3:* extra=4:%extra
BoundObjectReference kind=1 apiVersion=2 name=3 uid=4
ResourceAttributes namespace=1 verb=2 group=3 version=4 resource=5 subresource=6 name=7
  fieldSelector=8:FieldSelectorAttributes labelSelector=9:LabelSelectorAttributes
NonResourceAttributes path=1 verb=2
ResourceRule verbs=1:* apiGroups=2:* resources=3:* resourceNames=4:*
NonResourceRule verbs=1:* nonResourceURLs=2:*
FieldSelectorAttributes rawSelector=1 requirements=2:*FieldSelectorRequirement
LabelSelectorAttributes rawSelector=1 requirements=2:*LabelSelectorRequirement
FieldSelectorRequirement key=1:! operator=2:! values=3:*
`;
