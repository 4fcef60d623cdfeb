//! A reqwest response without the feature `reqwest`.

/// Stands for the client, which would add 29 crates to the tests.
mod reqwest {
    pub use std::io::Error;

    pub struct Client;
    pub struct Response;

    impl Client {
        pub async fn get(&self, _: &str) -> Result<Response, Error> {
            Ok(Response)
        }
    }
}

async fn call(client: &reqwest::Client) -> Result<reqwest::Response, reqwest::Error> {
    reattempt::http::policy().retry(|_| client.get("http://localhost")).await
}

fn main() {
    let _ = call(&reqwest::Client);
}
