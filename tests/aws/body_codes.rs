//! Error bodies and their codes.

/// JSON bodies and their codes.
pub(super) const JSON_BODIES: &[(&[u8], Option<&str>)] = &[
    (
        br#"{"__type":"FromType","code":"FromCode"}"#,
        Some("FromCode"),
    ),
    (br#"{"Code":"Upper","__type":"FromType"}"#, Some("Upper")),
    (br#"{"Code":"Upper","code":"lower"}"#, Some("lower")),
    (br#"{"code":400,"__type":"FromType"}"#, Some("FromType")),
    (br#"{"code":1e999,"__type":"FromType"}"#, Some("FromType")),
    (
        br#"{"code":null,"Code":{"code":"x"},"__type":"FromType"}"#,
        Some("FromType"),
    ),
    (br#"{"code":"","__type":"FromType"}"#, Some("FromType")),
    (
        br#"{"code":["SlowDown"],"error":{"__type":"SlowDown"}}"#,
        None,
    ),
    (b" \r\n\t{\"__type\":\"Spaced\"}\n", Some("Spaced")),
    (b"\xef\xbb\xbf{\"__type\":\"Marked\"}", Some("Marked")),
    (br#"["__type","SlowDown"]"#, None),
    // Only a text may begin with white space. This is CBOR.
    (b" \xa1\x66__type\x61A", None),
    (br#"{"Error":["x"],"__type":"FromType"}"#, Some("FromType")),
    (br#"{"Error":"x","__type":"FromType"}"#, Some("FromType")),
    (br#"{"Error":1e999,"__type":"FromType"}"#, Some("FromType")),
    (
        br#"{"Error":{"Code":1e999},"__type":"FromType"}"#,
        Some("FromType"),
    ),
    // Values that are skipped need not be UTF-8.
    (
        b"{\"Error\":\"\xff\",\"__type\":\"FromType\"}",
        Some("FromType"),
    ),
    (
        b"{\"Error\":[\"\xff\"],\"__type\":\"FromType\"}",
        Some("FromType"),
    ),
    (
        b"{\"Error\":{\"Code\":\"Nested\",\"x\":\"\xff\"}}",
        Some("Nested"),
    ),
    (br#""SlowDown""#, None),
    (b"{}", None),
    (br#"{"__type":"ns#"}"#, None),
    (br#"{"__type":":http"}"#, None),
];

/// XML bodies and their codes.
pub(super) const XML_BODIES: &[(&str, Option<&str>)] = &[
    (
        "<ErrorResponse><Error><Code>A</Code></Error></ErrorResponse>",
        Some("A"),
    ),
    (
        "<Response><Errors><Error><Code>A</Code></Error></Errors></Response>",
        Some("A"),
    ),
    (
        "<Whatever><Errors><Error><Code>A</Code></Error></Errors></Whatever>",
        Some("A"),
    ),
    ("<Error><Code>A</Code></Error>", Some("A")),
    (
        "<e:Error xmlns:e='x'><e:Code>A</e:Code></e:Error>",
        Some("A"),
    ),
    (
        "\n<?xml version='1.0'?><!-- c -->\n<Error>\n <Code>\n A\n </Code></Error>\n",
        Some("A"),
    ),
    ("<Error><Code><![CDATA[A]]>B</Code></Error>", Some("AB")),
    ("<Error><Code>A&amp;&#66;</Code></Error>", Some("A&B")),
    (
        "<R><Errors><Error><Code>A</Code></Error><Error><Code>B</Code></Error></Errors></R>",
        Some("A"),
    ),
    (
        "<Error><Detail><Code>SlowDown</Code></Detail><Code>A</Code></Error>",
        Some("A"),
    ),
    (
        "<Error><Detail><Code>SlowDown</Code></Detail></Error>",
        None,
    ),
    ("<ErrorResponse><Code>SlowDown</Code></ErrorResponse>", None),
    (
        "<Foo><Error><Code>SlowDown</Code></Error></Foo>",
        Some("SlowDown"),
    ),
    (
        "<ErrorResponse><Error><X><Code>SlowDown</Code></X></Error></ErrorResponse>",
        None,
    ),
    ("<Error Code='SlowDown'/>", None),
    ("<Error><code>SlowDown</code></Error>", None),
    ("<Error><Code/></Error>", None),
    ("<Error><Code> </Code></Error>", None),
];
