// node search.mjs http://127.0.0.1:8080 "How do I reset runs?"
const [url, question] = process.argv.slice(2);
const params = new URLSearchParams({ q: question, limit: 5 });
const headers = process.env.TOKEN ? { authorization: `Bearer ${process.env.TOKEN}` } : {};
const response = await fetch(`${url}/api/search?${params}`, { headers });
const answer = await response.json();
if (!response.ok) throw new Error(`${answer.detail} ${answer.hint ?? ""}`);
for (const hit of answer.hits) console.log(`${hit.title}\t${hit.url}`);
