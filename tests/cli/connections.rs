//! Connections to a user's own database: TLS, passwords, and the files and variables of libpq.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;

use crate::support::{Run, Sandbox, cluster, proxy};

/// A certificate authority for a test.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.as_ref().pem()
    }

    /// Issues a certificate for `name`, and returns it with its key.
    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }
}

/// Serves TLS with a certificate, and returns the port. With an authority, clients need a certificate from it.
fn serve((certificate, key): (rcgen::Certificate, KeyPair), clients: Option<&Authority>) -> u16 {
    let provider = Arc::new(ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.0.as_ref().der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
    proxy::listen(&cluster().socket_dir(), Some(Arc::new(config)))
}

/// Runs `status` on the sandbox's database through `host:port`.
fn status(sandbox: &Sandbox, host: &str, port: u16, parameters: &str) -> Run {
    let name = sandbox.database.value("select current_database()");
    run(sandbox, &["status", "--json"], &format!("postgresql://trailblazer@{host}:{port}/{name}?{parameters}"), &[])
}

fn run(sandbox: &Sandbox, args: &[&str], url: &str, variables: &[(&str, &str)]) -> Run {
    let mut command = sandbox.command(args);
    Run::of(command.env("TRAILBLAZER_DB_URL", url).envs(variables.iter().copied()).output().unwrap())
}

/// Writes a file that only its owner can read, and returns its path.
fn write_secret(sandbox: &Sandbox, name: &str, text: &str) -> PathBuf {
    let path = sandbox.write(name, text);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

#[track_caller]
fn refused(run: Run, because: &str) {
    let run = run.exits(4);
    assert!(run.stderr.contains(because), "{}", run.stderr);
}

#[test]
fn verify_full_takes_a_trusted_certificate_for_the_host_and_no_other() {
    let sandbox = Sandbox::new();
    let (ours, theirs) = (Authority::new(), Authority::new());
    let root = format!("sslrootcert={}", sandbox.write("ca.pem", ours.pem()).display());
    let for_localhost = serve(ours.issue("localhost"), None);
    let by_another = serve(theirs.issue("localhost"), None);
    let full = format!("sslmode=verify-full&{root}");
    status(&sandbox, "localhost", for_localhost, &full).success();
    refused(status(&sandbox, "127.0.0.1", for_localhost, &full), "not valid for name");
    refused(status(&sandbox, "localhost", by_another, &full), "invalid peer certificate");
    // The certificates of the system do not include ours.
    refused(status(&sandbox, "localhost", for_localhost, "sslmode=verify-full"), "UnknownIssuer");
}

#[test]
fn weaker_modes_check_less() {
    let sandbox = Sandbox::new();
    let (ours, theirs) = (Authority::new(), Authority::new());
    let root = format!("sslrootcert={}", sandbox.write("ca.pem", ours.pem()).display());
    let elsewhere = serve(ours.issue("db.example"), None);
    let by_another = serve(theirs.issue("localhost"), None);
    status(&sandbox, "localhost", elsewhere, &format!("sslmode=verify-ca&{root}")).success();
    refused(
        status(&sandbox, "localhost", by_another, &format!("sslmode=verify-ca&{root}")),
        "invalid peer certificate",
    );
    refused(status(&sandbox, "localhost", by_another, &format!("sslmode=require&{root}")), "invalid peer certificate");
    for mode in ["require", "prefer", "disable"] {
        status(&sandbox, "localhost", by_another, &format!("sslmode={mode}")).success();
    }
}

#[test]
fn server_without_tls_is_refused_unless_it_may_lack_it() {
    let sandbox = Sandbox::new();
    let plain = proxy::listen(&cluster().socket_dir(), None);
    for mode in ["require", "verify-full"] {
        let root = sandbox.write("ca.pem", Authority::new().pem());
        let parameters = format!("sslmode={mode}&sslrootcert={}", root.display());
        let run = status(&sandbox, "localhost", plain, &parameters);
        assert!(run.stderr.contains("set sslmode to prefer or disable"), "{}", run.stderr);
        refused(run, "server does not support TLS");
    }
    status(&sandbox, "localhost", plain, "").success();
    status(&sandbox, "localhost", plain, "sslmode=disable").success();
}

#[test]
fn self_signed_certificate_that_is_named_as_root_is_trusted_for_its_host() {
    let sandbox = Sandbox::new();
    for ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.is_ca = ca;
        let own = params.self_signed(&key).unwrap();
        let root = sandbox.write("own.pem", own.pem());
        let port = serve((own, key), None);
        let full = format!("sslmode=verify-full&sslrootcert={}", root.display());
        status(&sandbox, "localhost", port, &full).success();
        refused(status(&sandbox, "127.0.0.1", port, &full), "not valid for name");
    }
}

#[test]
fn client_certificate_is_shown_to_a_server_that_asks() {
    let sandbox = Sandbox::new();
    let ours = Authority::new();
    let root = sandbox.write("ca.pem", ours.pem());
    let port = serve(ours.issue("localhost"), Some(&ours));
    let full = format!("sslmode=verify-full&sslrootcert={}", root.display());
    refused(status(&sandbox, "localhost", port, &full), "ertificate");
    let (certificate, key) = ours.issue("worker");
    let certificate = sandbox.write("me.pem", certificate.pem());
    let key = write_secret(&sandbox, "me.key", &key.serialize_pem());
    let with_ours = format!("{full}&sslcert={}&sslkey={}", certificate.display(), key.display());
    status(&sandbox, "localhost", port, &with_ours).success();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let run = status(&sandbox, "localhost", port, &with_ours).exits(3);
    assert!(run.stderr.contains("chmod 0600"), "{}", run.stderr);
}

#[test]
fn parameters_that_cannot_be_obeyed_exit_3() {
    let sandbox = Sandbox::new();
    for (parameters, message) in [
        ("sslmode=full", "expected disable, allow, prefer, require, verify-ca or verify-full"),
        ("sslmode=verify-ca", "verify-ca needs sslrootcert"),
        ("sslmode=verify-full&sslrootcert=absent.pem", "absent.pem"),
        ("sslmod=verify-full", "did you mean `sslmode`?"),
        ("service=absent", "no service file defines this service"),
    ] {
        let run = status(&sandbox, "localhost", 1, parameters).exits(3);
        assert!(run.stderr.contains(message), "{parameters}: {}", run.stderr);
    }
}

#[test]
fn workers_work_over_verified_tls() {
    let sandbox = Sandbox::new();
    let ours = Authority::new();
    let root = sandbox.write("ca.pem", ours.pem());
    let port = serve(ours.issue("localhost"), None);
    sandbox.write_run("r1", 3);
    sandbox.run(&["runs", "backfill"]).success();
    let name = sandbox.database.value("select current_database()");
    let url = format!(
        "host=localhost port={port} user=trailblazer dbname={name} sslmode=verify-full sslrootcert='{}'",
        root.display()
    );
    run(&sandbox, &["run", "--workers", "2"], &url, &[]).success();
    assert_eq!(sandbox.database.value("select status from graphdb.processed_runs"), "embedded");
}

#[test]
fn passwords_come_from_every_place_that_libpq_knows() {
    let sandbox = Sandbox::new();
    let role = format!("tb_scram_{}", std::process::id());
    let mut admin = sandbox.database.connect();
    let create = format!(
        "set password_encryption = 'scram-sha-256'; create role {role} login password 'pass:word' in role with_password"
    );
    admin.batch_execute(&create).unwrap();
    admin.execute("select graphdb.grant_role($1, 'reader')", &[&role]).unwrap();

    let name = sandbox.database.value("select current_database()");
    let ours = Authority::new();
    let port = serve(ours.issue("localhost"), None);
    let url = format!("postgresql://{role}@localhost:{port}/{name}?sslmode=require");
    refused(run(&sandbox, &["status", "--json"], &url, &[]), "password");
    refused(run(&sandbox, &["status", "--json"], &url, &[("PGPASSWORD", "wrong")]), "password authentication failed");
    run(&sandbox, &["status", "--json"], &url, &[("PGPASSWORD", "pass:word")]).success();
    run(&sandbox, &["status", "--json"], &url.replacen('@', ":pass%3Aword@", 1), &[]).success();

    let line = format!("localhost:{port}:{name}:{role}:pass\\:word\n");
    let file = write_secret(&sandbox, "passwords", &line).display().to_string();
    run(&sandbox, &["status", "--json"], &url, &[("PGPASSFILE", &file)]).success();
    write_secret(&sandbox, ".pgpass", &line);
    run(&sandbox, &["status", "--json"], &url, &[]).success();

    let services = format!("[docs]\nhost=localhost\nport={port}\ndbname={name}\nuser={role}\nsslmode=require\n");
    let services = sandbox.write("services", services).display().to_string();
    let service = [("PGSERVICEFILE", services.as_str())];
    run(&sandbox, &["status", "--json"], "service=docs", &service).success();
    let variables = [("PGSERVICE", "docs"), service[0]];
    run(&sandbox, &["status", "--json"], "postgresql://", &variables).success();
    let port = port.to_string();
    let variables = [("PGHOST", "localhost"), ("PGPORT", &port), ("PGDATABASE", &name), ("PGUSER", &role)];
    run(&sandbox, &["status", "--json"], "postgresql://", &variables).success();

    admin.batch_execute(&format!("drop owned by {role}; drop role {role}")).unwrap();
}
