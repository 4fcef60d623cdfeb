//! The error codes that mean throttling.

/// Returns true if a code means throttling, at any error status. The comparison is
/// case-sensitive.
///
/// The first group is the list of AWS's SDKs. The second holds codes that services send
/// with a 4xx when they throttle, from the services' published models: EBS
/// (`ConcurrentLimitExceededException`), Kinesis Video (`ClientLimitExceededException`),
/// Kinesis Analytics (`ResourceProvisionedThroughputExceededException`), License Manager
/// (`RateLimitExceededException`), `AppStream` (`RequestLimitExceededException`), KMS when
/// SQS or another service calls it (`KMS..`, `Kms..`), `IoT` and Lambda integrations (the
/// rest).
///
/// Not in the list: `ServiceQuotaExceededException`, `TooManyTagsException` and the other
/// codes for a quota on resources. Waiting does not raise such a quota.
pub(crate) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "BandwidthLimitExceeded"
            | "EC2ThrottledException"
            | "LimitExceededException"
            | "PriorRequestNotComplete"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "SlowDown"
            | "ThrottledException"
            | "Throttling"
            | "ThrottlingException"
            | "TooManyRequestsException"
            | "TransactionInProgressException"
    ) || matches!(
        code,
        "ClientLimitExceededException"
            | "ConcurrentLimitExceededException"
            | "DependencyThrottle"
            | "DependentServiceRequestThrottlingFault"
            | "KMS.ThrottlingException"
            | "KMSThrottling"
            | "KMSThrottlingException"
            | "KMSThrottlingFault"
            | "KmsThrottled"
            | "KmsThrottlingException"
            | "LambdaThrottledException"
            | "RateLimitExceededException"
            | "RequestLimitExceededException"
            | "ResourceProvisionedThroughputExceededException"
            | "SlowDownException"
            | "ThrottledClientException"
    )
}
