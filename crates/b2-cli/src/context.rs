//! What every command works with.

use std::sync::Once;

use b2::hyper::tls::TlsEvent;
use b2::{Client, ClientBuilder, Config, Credentials, Observer, RetryPolicy};

use crate::cli::Options;
use crate::credentials::{self, Authorization, CredentialsFile};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::narrator::Narrator;
use crate::output::Output;
use crate::setting::{Origin, Setting, SettingFailure};
use crate::signals::Tidying;

/// The first part of the User-Agent.
const PRODUCT: &str = concat!("b2-cli/", env!("CARGO_PKG_VERSION"));

const NO_SCRIPT: &str = "warning: auto_proxy names a script that chooses proxies, which is left \
     out, for this program was built without the feature `pac`; build it with that, or say \
     --config UseProxyAutoConfigURL=False";

/// The surroundings of a command.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) output: Output,
    pub(crate) environment: Environment,
    pub(crate) tidying: Tidying,
    options: Options,
    /// Whoever makes two clients is told once.
    warned: Once,
}

impl Context {
    pub(crate) fn new(options: Options, output: Output) -> Result<Self, Failure> {
        let (environment, tidying) = (Environment::read()?, Tidying::default());
        Ok(Self { output, environment, tidying, options, warned: Once::new() })
    }

    /// A client with the application key of the environment or the saved one.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        self.client_for(&self.authorization()?)
    }

    /// The application key to use.
    pub(crate) fn authorization(&self) -> Result<Authorization, Failure> {
        let found = credentials::find(&self.environment, || self.credentials_file())?;
        if let (Some(profile), true) = (&self.options.profile, found.of_the_environment()) {
            self.output.say(&format!(
                "note: the key of the environment is used, not the one saved as {profile}"
            ));
        }
        Ok(found)
    }

    /// A client that another observer than the narrator watches.
    pub(crate) fn client_watched(&self, observer: impl Observer) -> Result<Client, Failure> {
        self.build(&self.authorization()?, observer)
    }

    /// A client with this application key.
    pub(crate) fn client_for(&self, authorization: &Authorization) -> Result<Client, Failure> {
        self.build(authorization, Narrator(self.output.clone()))
    }

    fn build(
        &self,
        authorization: &Authorization,
        observer: impl Observer,
    ) -> Result<Client, Failure> {
        let credentials =
            Credentials::new(authorization.key_id.as_str(), authorization.key.clone());
        let mut builder = Client::builder(credentials)
            .with_config(self.config(authorization))
            .with_observer(observer);
        if let Some(path) = &self.environment.ca_cert {
            let unreadable = |source| {
                Failure::local(format!("cannot read B2_CA_CERT ({})", path.display()), source)
            };
            let pem = std::fs::read(path).map_err(unreadable)?;
            builder = builder.with_root_certificates_pem(&pem);
        }
        self.set(&mut builder)?;
        if self.wants_connection_log() {
            let output = self.output.clone();
            builder = builder.with_connection_log(move |line| {
                output.tell(&format!("{}: {}", line.kind, line.message))
            });
        }
        if builder.config("LogSSLPackets").is_ok_and(|value| value == "True") {
            let output = self.output.clone();
            builder = builder
                .with_tls_observer(move |event: &TlsEvent| output.tell(&format!("TLS: {event}")));
        }
        Ok(builder.build()?)
    }

    /// Makes the settings of the connection: the variable's, and then those of
    /// the command line.
    fn set(&self, builder: &mut ClientBuilder) -> Result<(), SettingFailure> {
        // Like every program that is run by a shell.
        let mut usual = vec![Setting::from("ProxyAutoDetect=True".to_owned())];
        let unread = self.has_unreadable_script();
        if unread {
            usual.push(Setting::from("UseProxyAutoConfigURL=False".to_owned()));
        }
        let mut variable = usual.iter().chain(&self.environment.config);
        variable.try_for_each(|setting| setting.apply(builder, Origin::Variable))?;
        let options = &self.options.config;
        options.iter().try_for_each(|setting| setting.apply(builder, Origin::Option))?;
        // A proxy that is named goes before any that would be found.
        if unread && builder.config("ProxyServer").is_ok_and(|host| host.is_empty()) {
            self.warned.call_once(|| self.output.tell(NO_SCRIPT));
        }
        Ok(())
    }

    /// Whether the environment names a script that chooses proxies, which this
    /// build cannot run, while nobody has said a word about finding them.
    fn has_unreadable_script(&self) -> bool {
        const SPOKEN: [&str; 4] =
            ["ProxyAutoDetect", "proxy_auto_detect", "UseProxyAutoConfigURL", "ProxyAutoConfigURL"];
        let mut all = self.environment.config.iter().chain(&self.options.config);
        let spoken = all.any(|setting| SPOKEN.iter().any(|name| setting.is(name)));
        !cfg!(feature = "pac") && self.environment.proxy_script && !spoken
    }

    /// Unless somebody names a level, nobody wants to read about connections.
    fn wants_connection_log(&self) -> bool {
        let mut all = self.environment.config.iter().chain(&self.options.config);
        all.any(|setting| setting.is("LogLevel") || setting.is("log_level"))
    }

    fn config(&self, authorization: &Authorization) -> Config {
        let product = match &self.environment.user_agent_append {
            Some(appended) => format!("{PRODUCT} {appended}"),
            None => PRODUCT.to_owned(),
        };
        let retry = RetryPolicy::default().with_patience(self.options.patience);
        let config = Config::default().with_product(&product).with_retry(retry);
        match &authorization.realm {
            Some(realm) => config.with_realm(realm),
            None => config,
        }
    }

    /// Where keys are saved.
    pub(crate) fn credentials_file(&self) -> Result<CredentialsFile, Failure> {
        let chosen = self.environment.account_info.as_deref();
        Ok(CredentialsFile::locate(chosen, self.options.profile.as_deref())?)
    }
}
