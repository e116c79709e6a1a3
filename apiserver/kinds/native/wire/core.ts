/** Numbers of the fields of the core group on the wire; `tables.ts` explains the notation. */

export const CORE = `
Affinity: nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAntiAffinity
AppArmorProfile: type localhostProfile*
CSIVolumeSource: driver readOnly* fsType* volumeAttributes nodePublishSecretRef:LocalObjectReference
Capabilities: add drop
ClientIPConfig: timeoutSeconds*
ClusterTrustBundleProjection: name* signerName* labelSelector:LabelSelector path optional*
ConfigMap: metadata:ObjectMeta data binaryData immutable*
ConfigMapEnvSource: +LocalObjectReference optional*
ConfigMapKeySelector: +LocalObjectReference key optional*
ConfigMapProjection: +LocalObjectReference items:KeyToPath 4=optional*
ConfigMapVolumeSource: +LocalObjectReference items:KeyToPath defaultMode* optional*
Container: name image command args workingDir ports:ContainerPort env:EnvVar
  resources:ResourceRequirements volumeMounts:VolumeMount livenessProbe:Probe readinessProbe:Probe
  lifecycle:Lifecycle terminationMessagePath imagePullPolicy securityContext:SecurityContext stdin
  stdinOnce tty envFrom:EnvFromSource terminationMessagePolicy volumeDevices:VolumeDevice
  startupProbe:Probe resizePolicy:ContainerResizePolicy restartPolicy*
  restartPolicyRules:ContainerRestartRule
ContainerPort: name hostPort containerPort protocol hostIP
ContainerResizePolicy: resourceName restartPolicy
ContainerRestartRule: action exitCodes:ContainerRestartRuleOnExitCodes
ContainerRestartRuleOnExitCodes: operator values
ContainerState: waiting:ContainerStateWaiting running:ContainerStateRunning
  terminated:ContainerStateTerminated
ContainerStateRunning: startedAt
ContainerStateTerminated: exitCode signal reason message startedAt finishedAt containerID
ContainerStateWaiting: reason message
ContainerStatus: name state:ContainerState lastState:ContainerState ready restartCount image imageID
  containerID started* allocatedResources resources:ResourceRequirements volumeMounts:VolumeMountStatus
  user:ContainerUser 15=stopSignal*
ContainerUser: linux:LinuxContainerUser
DownwardAPIProjection: items:DownwardAPIVolumeFile
DownwardAPIVolumeFile: path fieldRef:ObjectFieldSelector resourceFieldRef:ResourceFieldSelector mode*
DownwardAPIVolumeSource: items:DownwardAPIVolumeFile defaultMode*
EmptyDirVolumeSource: medium sizeLimit
EndpointAddress: ip targetRef:ObjectReference hostname nodeName*
EndpointPort: name port protocol appProtocol*
EndpointSubset: addresses:EndpointAddress notReadyAddresses:EndpointAddress ports:EndpointPort
Endpoints: metadata:ObjectMeta subsets:EndpointSubset
EnvFromSource: prefix configMapRef:ConfigMapEnvSource secretRef:SecretEnvSource
EnvVar: name value valueFrom:EnvVarSource
EnvVarSource: fieldRef:ObjectFieldSelector resourceFieldRef:ResourceFieldSelector
  configMapKeyRef:ConfigMapKeySelector secretKeyRef:SecretKeySelector fileKeyRef:FileKeySelector
EphemeralContainer: +EphemeralContainerCommon targetContainerName
EphemeralContainerCommon: name image command args workingDir ports:ContainerPort env:EnvVar
  resources:ResourceRequirements volumeMounts:VolumeMount livenessProbe:Probe readinessProbe:Probe
  lifecycle:Lifecycle terminationMessagePath imagePullPolicy securityContext:SecurityContext stdin
  stdinOnce tty envFrom:EnvFromSource terminationMessagePolicy volumeDevices:VolumeDevice
  startupProbe:Probe resizePolicy:ContainerResizePolicy restartPolicy*
  restartPolicyRules:ContainerRestartRule
EphemeralVolumeSource: volumeClaimTemplate:PersistentVolumeClaimTemplate
Event: metadata:ObjectMeta involvedObject:ObjectReference reason message source:EventSource
  firstTimestamp lastTimestamp count type eventTime series:EventSeries action related:ObjectReference
  reportingComponent reportingInstance
EventSeries: count lastObservedTime
EventSource: component host
ExecAction: command
FileKeySelector: volumeName path key optional*
GRPCAction: port service*
HTTPGetAction: path port host scheme httpHeaders:HTTPHeader
HTTPHeader: name value
HostAlias: ip hostnames
HostIP: ip
HostPathVolumeSource: path type*
ImageVolumeSource: reference pullPolicy
KeyToPath: key path mode*
Lifecycle: postStart:LifecycleHandler preStop:LifecycleHandler stopSignal*
LifecycleHandler: exec:ExecAction httpGet:HTTPGetAction tcpSocket:TCPSocketAction sleep:SleepAction
LimitRange: metadata:ObjectMeta spec:LimitRangeSpec
LimitRangeItem: type max min default defaultRequest maxLimitRequestRatio
LimitRangeSpec: limits:LimitRangeItem
LinuxContainerUser: uid gid supplementalGroups
LoadBalancerIngress: ip hostname ipMode* ports:PortStatus
LoadBalancerStatus: ingress:LoadBalancerIngress
LocalObjectReference: name
ModifyVolumeStatus: targetVolumeAttributesClassName status
NFSVolumeSource: server path readOnly
Namespace: metadata:ObjectMeta spec:NamespaceSpec status:NamespaceStatus
NamespaceCondition: type status 4=lastTransitionTime reason message
NamespaceSpec: finalizers
NamespaceStatus: phase conditions:NamespaceCondition
NodeAffinity: requiredDuringSchedulingIgnoredDuringExecution:NodeSelector
  preferredDuringSchedulingIgnoredDuringExecution:PreferredSchedulingTerm
NodeSelector: nodeSelectorTerms:NodeSelectorTerm
NodeSelectorRequirement: key operator values
NodeSelectorTerm: matchExpressions:NodeSelectorRequirement matchFields:NodeSelectorRequirement
ObjectFieldSelector: apiVersion fieldPath
ObjectReference: kind namespace name uid apiVersion resourceVersion fieldPath
PersistentVolumeClaim: metadata:ObjectMeta spec:PersistentVolumeClaimSpec
  status:PersistentVolumeClaimStatus
PersistentVolumeClaimCondition: type status lastProbeTime lastTransitionTime reason message
PersistentVolumeClaimSpec: accessModes resources:VolumeResourceRequirements volumeName
  selector:LabelSelector storageClassName* volumeMode* dataSource:TypedLocalObjectReference
  dataSourceRef:TypedObjectReference volumeAttributesClassName*
PersistentVolumeClaimStatus: phase accessModes capacity conditions:PersistentVolumeClaimCondition
  allocatedResources 7=allocatedResourceStatuses currentVolumeAttributesClassName*
  modifyVolumeStatus:ModifyVolumeStatus
PersistentVolumeClaimTemplate: metadata:ObjectMeta spec:PersistentVolumeClaimSpec
PersistentVolumeClaimVolumeSource: claimName readOnly
Pod: metadata:ObjectMeta spec:PodSpec status:PodStatus
PodAffinity: requiredDuringSchedulingIgnoredDuringExecution:PodAffinityTerm
  preferredDuringSchedulingIgnoredDuringExecution:WeightedPodAffinityTerm
PodAffinityTerm: labelSelector:LabelSelector namespaces topologyKey namespaceSelector:LabelSelector
  matchLabelKeys mismatchLabelKeys
PodAntiAffinity: requiredDuringSchedulingIgnoredDuringExecution:PodAffinityTerm
  preferredDuringSchedulingIgnoredDuringExecution:WeightedPodAffinityTerm
PodCertificateProjection: signerName keyType maxExpirationSeconds* credentialBundlePath keyPath
  certificateChainPath
PodCondition: type status lastProbeTime lastTransitionTime reason message observedGeneration
PodDNSConfig: nameservers searches options:PodDNSConfigOption
PodDNSConfigOption: name value*
PodIP: ip
PodOS: name
PodReadinessGate: conditionType
PodResourceClaim: name 3=resourceClaimName* resourceClaimTemplateName*
PodSchedulingGate: name
PodSecurityContext: seLinuxOptions:SELinuxOptions runAsUser* runAsNonRoot* supplementalGroups fsGroup*
  runAsGroup* sysctls:Sysctl windowsOptions:WindowsSecurityContextOptions fsGroupChangePolicy*
  seccompProfile:SeccompProfile appArmorProfile:AppArmorProfile supplementalGroupsPolicy*
  seLinuxChangePolicy*
PodSpec: volumes:Volume containers:Container restartPolicy terminationGracePeriodSeconds*
  activeDeadlineSeconds* dnsPolicy nodeSelector serviceAccountName serviceAccount nodeName hostNetwork
  hostPID hostIPC securityContext:PodSecurityContext imagePullSecrets:LocalObjectReference hostname
  subdomain affinity:Affinity schedulerName initContainers:Container automountServiceAccountToken*
  tolerations:Toleration hostAliases:HostAlias priorityClassName priority* dnsConfig:PodDNSConfig
  shareProcessNamespace* readinessGates:PodReadinessGate runtimeClassName* enableServiceLinks*
  preemptionPolicy* overhead topologySpreadConstraints:TopologySpreadConstraint
  ephemeralContainers:EphemeralContainer setHostnameAsFQDN* os:PodOS hostUsers*
  schedulingGates:PodSchedulingGate resourceClaims:PodResourceClaim resources:ResourceRequirements
  hostnameOverride*
PodStatus: phase conditions:PodCondition message reason hostIP podIP startTime
  containerStatuses:ContainerStatus qosClass initContainerStatuses:ContainerStatus nominatedNodeName
  podIPs:PodIP ephemeralContainerStatuses:ContainerStatus resize 16=hostIPs:HostIP observedGeneration
PodTemplateSpec: metadata:ObjectMeta spec:PodSpec
PortStatus: port protocol error*
PreferredSchedulingTerm: weight preference:NodeSelectorTerm
Probe: +ProbeHandler initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold
  terminationGracePeriodSeconds*
ProbeHandler: exec:ExecAction httpGet:HTTPGetAction tcpSocket:TCPSocketAction grpc:GRPCAction
ProjectedVolumeSource: sources:VolumeProjection defaultMode*
ResourceClaim: name request
ResourceFieldSelector: containerName resource divisor
ResourceQuota: metadata:ObjectMeta spec:ResourceQuotaSpec status:ResourceQuotaStatus
ResourceQuotaSpec: hard scopes scopeSelector:ScopeSelector
ResourceQuotaStatus: hard used
ResourceRequirements: limits requests claims:ResourceClaim
SELinuxOptions: user role type level
ScopeSelector: matchExpressions:ScopedResourceSelectorRequirement
ScopedResourceSelectorRequirement: scopeName operator values
SeccompProfile: type localhostProfile*
Secret: metadata:ObjectMeta data type stringData immutable*
SecretEnvSource: +LocalObjectReference optional*
SecretKeySelector: +LocalObjectReference key optional*
SecretProjection: +LocalObjectReference items:KeyToPath 4=optional*
SecretVolumeSource: secretName items:KeyToPath defaultMode* optional*
SecurityContext: capabilities:Capabilities privileged* seLinuxOptions:SELinuxOptions runAsUser*
  runAsNonRoot* readOnlyRootFilesystem* allowPrivilegeEscalation* runAsGroup* procMount*
  windowsOptions:WindowsSecurityContextOptions seccompProfile:SeccompProfile
  appArmorProfile:AppArmorProfile
Service: metadata:ObjectMeta spec:ServiceSpec status:ServiceStatus
ServiceAccount: metadata:ObjectMeta secrets:ObjectReference imagePullSecrets:LocalObjectReference
  automountServiceAccountToken*
ServiceAccountTokenProjection: audience expirationSeconds* path
ServicePort: name protocol port targetPort nodePort appProtocol*
ServiceSpec: ports:ServicePort selector clusterIP type externalIPs 7=sessionAffinity loadBalancerIP
  loadBalancerSourceRanges externalName externalTrafficPolicy healthCheckNodePort
  publishNotReadyAddresses sessionAffinityConfig:SessionAffinityConfig 17=ipFamilyPolicy* clusterIPs
  ipFamilies allocateLoadBalancerNodePorts* loadBalancerClass* internalTrafficPolicy*
  trafficDistribution*
ServiceStatus: loadBalancer:LoadBalancerStatus conditions:Condition
SessionAffinityConfig: clientIP:ClientIPConfig
SleepAction: seconds
Sysctl: name value
TCPSocketAction: port host
Toleration: key operator value effect tolerationSeconds*
TopologySpreadConstraint: maxSkew topologyKey whenUnsatisfiable labelSelector:LabelSelector minDomains*
  nodeAffinityPolicy* nodeTaintsPolicy* matchLabelKeys
TypedLocalObjectReference: apiGroup* kind name
TypedObjectReference: apiGroup* kind name namespace*
Volume: name +VolumeSource
VolumeDevice: name devicePath
VolumeMount: name readOnly mountPath subPath mountPropagation* subPathExpr recursiveReadOnly*
VolumeMountStatus: name mountPath readOnly recursiveReadOnly*
VolumeProjection: secret:SecretProjection downwardAPI:DownwardAPIProjection
  configMap:ConfigMapProjection serviceAccountToken:ServiceAccountTokenProjection
  clusterTrustBundle:ClusterTrustBundleProjection podCertificate:PodCertificateProjection
VolumeResourceRequirements: limits requests
VolumeSource: hostPath:HostPathVolumeSource emptyDir:EmptyDirVolumeSource gcePersistentDisk
  awsElasticBlockStore gitRepo secret:SecretVolumeSource nfs:NFSVolumeSource iscsi glusterfs
  persistentVolumeClaim:PersistentVolumeClaimVolumeSource rbd flexVolume cinder cephfs flocker
  downwardAPI:DownwardAPIVolumeSource fc azureFile configMap:ConfigMapVolumeSource vsphereVolume quobyte
  azureDisk photonPersistentDisk portworxVolume scaleIO projected:ProjectedVolumeSource storageos
  csi:CSIVolumeSource ephemeral:EphemeralVolumeSource image:ImageVolumeSource
WeightedPodAffinityTerm: weight podAffinityTerm:PodAffinityTerm
WindowsSecurityContextOptions: gmsaCredentialSpecName* gmsaCredentialSpec* runAsUserName* hostProcess*
`;
