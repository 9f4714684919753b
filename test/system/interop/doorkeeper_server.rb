# Doorkeeper in a minimal Rails application: a sign-in page, an API, SQLite.
#
# Usage: ruby doorkeeper_server.rb FOLDER. It prints one line of JSON when it listens, and ends when its
# input does.
ENV["RAILS_ENV"] = "production"
require "active_record/railtie"
require "action_controller/railtie"
require "doorkeeper"
require "doorkeeper/openid_connect"
require "fileutils"
require "json"
require "openssl"
require "puma"

FOLDER = ARGV.fetch(0)
PASSWORD = "a password of #{SecureRandom.alphanumeric(20)}"
# One thread, because SQLite ends a transaction if another writer was faster.
SERVER = Puma::Server.new(
  ->(environment) { Application.call(environment) }, Puma::Events.null, min_threads: 1, max_threads: 1,
)
ORIGIN = "http://127.0.0.1:#{SERVER.add_tcp_listener("127.0.0.1", 0).addr[1]}"

class Application < Rails::Application
  config.root = FOLDER
  config.load_defaults 6.1
  config.eager_load = false
  config.secret_key_base = SecureRandom.hex(64)
  config.hosts.clear
  config.logger = Logger.new(File.join(FOLDER, "log"))
  config.consider_all_requests_local = true
  config.paths["config/database"] = File.join(FOLDER, "database.yml")
end
# Its OpenID Connect extension expects a nonce in the consent page, and leaves that to the application.
consent = "app/views/doorkeeper/authorizations/new.html.erb"
FileUtils.mkdir_p(File.dirname(File.join(FOLDER, consent)))
File.write(
  File.join(FOLDER, consent),
  File.read(Doorkeeper::Engine.root.join(consent)).gsub(
    "<%= hidden_field_tag :state,", "<%= hidden_field_tag :nonce, @pre_auth.nonce %><%= hidden_field_tag :state,"
  ),
)
File.write(File.join(FOLDER, "database.yml"), {
  "production" => { "adapter" => "sqlite3", "database" => File.join(FOLDER, "db"), "timeout" => 10_000, "pool" => 16 },
}.to_yaml)

Doorkeeper.configure do
  orm :active_record
  resource_owner_authenticator { session[:user] ? Struct.new(:id).new(session[:user]) : redirect_to("/login?#{{ to: request.fullpath }.to_query}") }
  resource_owner_from_credentials { |_| params[:username] == "ada" && params[:password] == PASSWORD ? Struct.new(:id).new(1) : nil }
  grant_flows %w[authorization_code client_credentials password]
  use_refresh_token
  custom_access_token_expires_in { |_| File.read(File.join(FOLDER, "lifetime")).to_i.seconds }
  default_scopes :read
  optional_scopes :openid, :write
  enforce_configured_scopes
  allow_blank_redirect_uri true
  force_ssl_in_redirect_uri false
end
Doorkeeper::OpenidConnect.configure do
  issuer ORIGIN
  protocol { :http }
  signing_key OpenSSL::PKey::RSA.new(2048).to_pem
  subject_types_supported [:public]
  resource_owner_from_access_token { |token| Struct.new(:id).new(token.resource_owner_id) }
  auth_time_from_resource_owner { |_| Time.now }
  reauthenticate_resource_owner { |_, _| nil }
  subject { |owner, _| "user-#{owner.id}" }
end

class LoginController < ActionController::Base
  protect_from_forgery with: :exception

  def new
    render inline: '<%= form_tag("/login") do %><%= hidden_field_tag :to, params[:to] %>' \
      '<%= text_field_tag :username %><%= password_field_tag :password %><%= submit_tag "Sign in" %><% end %>'
  end

  def create
    return render(plain: "wrong", status: 403) unless params[:username] == "ada" && params[:password] == PASSWORD

    session[:user] = 1
    redirect_to params[:to]
  end
end

class ApiController < ActionController::API
  before_action -> { doorkeeper_authorize! :read, :openid }

  def me
    render json: { user: doorkeeper_token.resource_owner_id }
  end
end

Application.initialize!
Application.routes.draw do
  use_doorkeeper
  use_doorkeeper_openid_connect
  get "/login", to: "login#new"
  post "/login", to: "login#create"
  get "/api/me", to: "api#me"
end

ActiveRecord::Schema.verbose = false
ActiveRecord::Schema.define do
  create_table :oauth_applications do |t|
    t.string :name, null: false
    t.string :uid, null: false, index: { unique: true }
    t.string :secret, null: false
    t.text :redirect_uri
    t.string :scopes, null: false, default: ""
    t.boolean :confidential, null: false, default: true
    t.timestamps
  end
  create_table :oauth_access_grants do |t|
    t.references :resource_owner, null: false
    t.references :application, null: false
    t.string :token, null: false, index: { unique: true }
    t.integer :expires_in, null: false
    t.text :redirect_uri, null: false
    t.datetime :created_at, null: false
    t.datetime :revoked_at
    t.string :scopes, null: false, default: ""
    t.string :code_challenge
    t.string :code_challenge_method
  end
  create_table :oauth_access_tokens do |t|
    t.references :resource_owner
    t.references :application
    t.string :token, null: false, index: { unique: true }
    t.string :refresh_token, index: { unique: true }
    t.integer :expires_in
    t.datetime :revoked_at
    t.datetime :created_at, null: false
    t.string :scopes
    t.string :previous_refresh_token, null: false, default: ""
  end
  create_table :oauth_openid_requests do |t|
    t.references :access_grant, null: false
    t.string :nonce, null: false
  end
end

clients = { secret: true, public: false }.to_h do |name, confidential|
  application = Doorkeeper::Application.create!(
    name: name, confidential: confidential, redirect_uri: "http://127.0.0.1/callback", scopes: "read openid write",
    # Form-encoding must leave these unchanged (RFC 6749 appendix B), and does not everywhere.
    uid: "#{name}-client_~1.0", secret: "#{SecureRandom.alphanumeric(24)}-._~",
  )
  [name, { client_id: application.uid, client_secret: application.secret }]
end

SERVER.run
$stdout.puts({ url: ORIGIN, clients: clients, password: PASSWORD }.to_json)
$stdout.flush
$stdin.read
SERVER.stop(true)
