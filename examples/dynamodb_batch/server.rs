//! A stand-in for DynamoDB with one table, which has capacity for a part of each batch.
//! Two of every seven requests fail as a whole.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use crate::wire::{read, reply};

pub(crate) const TABLE: &str = "orders";
/// The number of items that the table accepts in one request.
const CAPACITY: usize = 11;

/// The number of writes of each item.
#[derive(Clone, Default)]
pub(crate) struct Table(Arc<Mutex<HashMap<String, usize>>>);

impl Table {
    /// Returns the number of items, and the number of items that were written more than
    /// once.
    pub(crate) fn count(&self) -> (usize, usize) {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let twice = table.values().filter(|&&writes| writes > 1).count();
        (table.len(), twice)
    }

    /// Writes as many items as there is capacity for. Returns the rest.
    fn write(&self, items: &[Value]) -> Vec<Value> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (taken, left) = items.split_at(CAPACITY.min(items.len()));
        for item in taken {
            let id = item
                .pointer("/PutRequest/Item/id/S")
                .and_then(Value::as_str);
            let writes = table.entry(id.unwrap_or_default().to_owned()).or_default();
            *writes = writes.saturating_add(1);
        }
        left.to_vec()
    }
}

/// Starts the server and returns its URL and its table.
pub(crate) async fn start() -> io::Result<(String, Table)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let table = Table::default();
    let served = table.clone();
    tokio::spawn(async move {
        for request in 0_usize.. {
            let Ok((stream, _)) = listener.accept().await else {
                break;
            };
            // Ignore the error: it means that the client has disconnected.
            let _ = answer(stream, request, &served).await;
        }
    });
    Ok((url, table))
}

async fn answer(mut stream: TcpStream, request: usize, table: &Table) -> io::Result<()> {
    let asked = read(&mut stream).await?;
    if asked.line != "POST / HTTP/1.1" {
        return reply(&mut stream, "404 Not Found", "", b"").await;
    }
    if !asked
        .header("authorization")
        .starts_with("AWS4-HMAC-SHA256 Credential=AKIADEMO/")
    {
        let body =
            json!({"__type": "com.amazon.coral.service#MissingAuthenticationTokenException"});
        return reply(
            &mut stream,
            "400 Bad Request",
            "",
            body.to_string().as_bytes(),
        )
        .await;
    }
    match request % 7 {
        2 => {
            let code = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
            let body = json!({"__type": code, "message": "Rate exceeded"}).to_string();
            reply(&mut stream, "400 Bad Request", "", body.as_bytes()).await
        }
        5 => {
            let body = json!({"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError"});
            let body = body.to_string();
            reply(
                &mut stream,
                "500 Internal Server Error",
                "",
                body.as_bytes(),
            )
            .await
        }
        _ => {
            let items: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
            let items = items.pointer(&format!("/RequestItems/{TABLE}"));
            let left = table.write(items.and_then(Value::as_array).map_or(&[], Vec::as_slice));
            let mut unprocessed = json!({});
            if !left.is_empty() {
                unprocessed = json!({TABLE: left});
            }
            let body = json!({"UnprocessedItems": unprocessed}).to_string();
            reply(&mut stream, "200 OK", "", body.as_bytes()).await
        }
    }
}
