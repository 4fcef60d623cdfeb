//! A reqwest response without the feature `reqwest`.

async fn call(client: &reqwest::Client) -> Result<reqwest::Response, reqwest::Error> {
    reattempt::http::policy().retry(|_| client.get("http://localhost").send()).await
}

fn main() {
    let _ = call(&reqwest::Client::new());
}
