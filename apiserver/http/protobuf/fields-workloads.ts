/**
 * Protobuf field numbers of apps, batch and autoscaling.
 * Notation: see `message-table.ts`. source: the protobuf and json tags of k8s.io/api and apimachinery v0.36.3.
 */
export const WORKLOAD_FIELDS = `
DaemonSet metadata=1:ObjectMeta spec=2:DaemonSetSpec status=3:DaemonSetStatus
Deployment metadata=1:ObjectMeta spec=2:DeploymentSpec status=3:DeploymentStatus
ReplicaSet metadata=1:ObjectMeta spec=2:ReplicaSetSpec status=3:ReplicaSetStatus
StatefulSet metadata=1:ObjectMeta spec=2:StatefulSetSpec status=3:StatefulSetStatus
Scale metadata=1:ObjectMeta spec=2:ScaleSpec status=3:ScaleStatus
CronJob metadata=1:ObjectMeta spec=2:CronJobSpec status=3:CronJobStatus
Job metadata=1:ObjectMeta spec=2:JobSpec status=3:JobStatus
DaemonSetSpec selector=1:LabelSelector template=2:PodTemplateSpec
  updateStrategy=3:DaemonSetUpdateStrategy minReadySeconds=4:int revisionHistoryLimit=6:int!
DaemonSetStatus currentNumberScheduled=1:int! numberMisscheduled=2:int! desiredNumberScheduled=3:int!
  numberReady=4:int! observedGeneration=5:int updatedNumberScheduled=6:int numberAvailable=7:int
  numberUnavailable=8:int collisionCount=9:int! conditions=10:*DaemonSetCondition
DeploymentSpec replicas=1:int! selector=2:LabelSelector template=3:PodTemplateSpec
  strategy=4:DeploymentStrategy minReadySeconds=5:int revisionHistoryLimit=6:int! paused=7:bool
  progressDeadlineSeconds=9:int!
DeploymentStatus observedGeneration=1:int replicas=2:int updatedReplicas=3:int readyReplicas=7:int
  availableReplicas=4:int unavailableReplicas=5:int terminatingReplicas=9:int!
  conditions=6:*DeploymentCondition collisionCount=8:int!
ReplicaSetSpec replicas=1:int! minReadySeconds=4:int selector=2:LabelSelector template=3:PodTemplateSpec
ReplicaSetStatus replicas=1:int! fullyLabeledReplicas=2:int readyReplicas=4:int availableReplicas=5:int
  terminatingReplicas=7:int! observedGeneration=3:int conditions=6:*ReplicaSetCondition
StatefulSetSpec replicas=1:int! selector=2:LabelSelector template=3:PodTemplateSpec
  volumeClaimTemplates=4:*PersistentVolumeClaim serviceName=5:! podManagementPolicy=6
  updateStrategy=7:StatefulSetUpdateStrategy revisionHistoryLimit=8:int! minReadySeconds=9:int
  persistentVolumeClaimRetentionPolicy=10:StatefulSetPersistentVolumeClaimRetentionPolicy
  ordinals=11:StatefulSetOrdinals
StatefulSetStatus observedGeneration=1:int replicas=2:int! readyReplicas=3:int currentReplicas=4:int
  updatedReplicas=5:int currentRevision=6 updateRevision=7 collisionCount=9:int!
  conditions=10:*StatefulSetCondition availableReplicas=11:int!
ScaleSpec replicas=1:int
ScaleStatus replicas=1:int! selector=2
CronJobSpec schedule=1:! timeZone=8:! startingDeadlineSeconds=2:int! concurrencyPolicy=3 suspend=4:bool!
  jobTemplate=5:JobTemplateSpec successfulJobsHistoryLimit=6:int! failedJobsHistoryLimit=7:int!
CronJobStatus active=1:*ObjectReference lastScheduleTime=4:time lastSuccessfulTime=5:time
JobSpec parallelism=1:int! completions=2:int! activeDeadlineSeconds=3:int!
  podFailurePolicy=11:PodFailurePolicy successPolicy=16:SuccessPolicy backoffLimit=7:int!
  backoffLimitPerIndex=12:int! maxFailedIndexes=13:int! selector=4:LabelSelector manualSelector=5:bool!
  template=6:PodTemplateSpec ttlSecondsAfterFinished=8:int! completionMode=9:! suspend=10:bool!
  podReplacementPolicy=14:! managedBy=15:!
JobStatus conditions=1:*JobCondition startTime=2:time completionTime=3:time active=4:int succeeded=5:int
  failed=6:int terminating=11:int! completedIndexes=7 failedIndexes=10:!
  uncountedTerminatedPods=8:UncountedTerminatedPods ready=9:int!
PodTemplateSpec metadata=1:ObjectMeta spec=2:PodSpec
DaemonSetUpdateStrategy type=1 rollingUpdate=2:RollingUpdateDaemonSet
DaemonSetCondition type=1:! status=2:! lastTransitionTime=3:time reason=4 message=5
DeploymentStrategy type=1 rollingUpdate=2:RollingUpdateDeployment
DeploymentCondition type=1:! status=2:! lastUpdateTime=6:time lastTransitionTime=7:time reason=4
  message=5
ReplicaSetCondition type=1:! status=2:! lastTransitionTime=3:time reason=4 message=5
StatefulSetUpdateStrategy type=1 rollingUpdate=2:RollingUpdateStatefulSetStrategy
StatefulSetPersistentVolumeClaimRetentionPolicy whenDeleted=1 whenScaled=2
StatefulSetOrdinals start=1:int!
StatefulSetCondition type=1:! status=2:! lastTransitionTime=3:time reason=4 message=5
JobTemplateSpec metadata=1:ObjectMeta spec=2:JobSpec
PodFailurePolicy rules=1:*PodFailurePolicyRule
SuccessPolicy rules=1:*SuccessPolicyRule
JobCondition type=1:! status=2:! lastProbeTime=3:time lastTransitionTime=4:time reason=5 message=6
UncountedTerminatedPods succeeded=1:* failed=2:*
RollingUpdateDaemonSet maxUnavailable=1:intstr maxSurge=2:intstr
RollingUpdateDeployment maxUnavailable=1:intstr maxSurge=2:intstr
RollingUpdateStatefulSetStrategy partition=1:int! maxUnavailable=2:intstr
PodFailurePolicyRule action=1:! onExitCodes=2:PodFailurePolicyOnExitCodesRequirement
  onPodConditions=3:*PodFailurePolicyOnPodConditionsPattern
SuccessPolicyRule succeededIndexes=1:! succeededCount=2:int!
PodFailurePolicyOnExitCodesRequirement containerName=1:! operator=2:! values=3:*int
PodFailurePolicyOnPodConditionsPattern type=1:! status=2:!
`;
