//! Makes one or twenty async calls, each with its own operation, future and error.

use std::fmt;
use std::hint::black_box;
use std::time::Duration;

/// Awaits an operation that the selected crate retries, with exponential backoff, jitter and
/// at most three attempts. Use it in a function that returns a result.
#[cfg(feature = "reattempt")]
macro_rules! retried {
    ($operation:expr) => {{
        use reattempt::{Backoff, RetryPolicy};
        static POLICY: RetryPolicy =
            RetryPolicy::new(Backoff::exponential(Duration::from_millis(50))).max_attempts(3);
        POLICY.retry(|_| $operation).await
    }};
}

#[cfg(feature = "backon")]
macro_rules! retried {
    ($operation:expr) => {{
        use backon::{ExponentialBuilder, Retryable};
        let backoff = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(50))
            .with_max_times(2)
            .with_jitter();
        (|| $operation).retry(backoff).await
    }};
}

#[cfg(feature = "tokio-retry")]
macro_rules! retried {
    ($operation:expr) => {{
        use tokio_retry::strategy::{ExponentialBackoff, jitter};
        let delays = ExponentialBackoff::from_millis(50).map(jitter).take(2);
        tokio_retry::Retry::start(delays, || $operation).await
    }};
}

#[cfg(not(any(feature = "backon", feature = "reattempt", feature = "tokio-retry")))]
macro_rules! retried {
    ($operation:expr) => {
        $operation.await
    };
}

/// Defines a module per call. The number makes each operation, result and error a
/// type of its own, so that the compiler cannot merge two calls.
macro_rules! calls {
    ($($name:ident $number:literal),* $(,)?) => {
        $(mod $name {
            use super::*;

            #[derive(Debug)]
            pub(crate) struct Failure([u32; $number]);

            impl fmt::Display for Failure {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, "status {} of call {}", self.0[0], $number)
                }
            }

            impl std::error::Error for Failure {}

            async fn operation(input: &str) -> Result<[u8; $number], Failure> {
                let mut output = [0; $number];
                tokio::task::yield_now().await;
                match black_box(input.len()) {
                    0 => Err(Failure([500; $number])),
                    len => {
                        output.fill(u8::try_from(len).unwrap_or(u8::MAX));
                        Ok(output)
                    }
                }
            }

            pub(crate) async fn call(input: &str) -> Result<[u8; $number], Failure> {
                retried!(operation(input))
            }
        })*

        async fn all(input: &str) {
            $(
                match $name::call(input).await {
                    Ok(output) => drop(black_box(output)),
                    Err(error) => drop(black_box(error)),
                }
            )*
        }
    };
}

#[cfg(not(feature = "twenty"))]
calls!(call1 1);

#[cfg(feature = "twenty")]
calls!(
    call1 1, call2 2, call3 3, call4 4, call5 5, call6 6, call7 7, call8 8, call9 9, call10 10,
    call11 11, call12 12, call13 13, call14 14, call15 15, call16 16, call17 17, call18 18,
    call19 19, call20 20,
);

fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    runtime.block_on(async {
        // Use tokio's timer in every variant, so that its code is not counted.
        tokio::time::sleep(black_box(Duration::ZERO)).await;
        all(black_box("input")).await;
    });
    Ok(())
}
