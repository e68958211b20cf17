import Hummingbird

/// A whole page with its status.
struct Page: Sendable {
    let status: HTTPResponse.Status
    let title: String
    let body: HTML

    init(_ status: HTTPResponse.Status = .ok, title: String, body: HTML) {
        self.status = status
        self.title = title
        self.body = body
    }

    var response: Response {
        let document: HTML = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(title)</title>
            <link rel="stylesheet" href="/style.css">
            </head>
            <body>
            <main>
            <h1>\(title)</h1>
            \(body)
            </main>
            </body>
            </html>

            """
        return Response(
            status: status, headers: [.contentType: "text/html; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: document.text)))
    }
}
