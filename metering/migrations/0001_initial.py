import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import djmoney.models.fields
import metering.models.base
import metering.models.customer
import metering.models.event
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiKeyEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=False)),
                ('name', models.CharField(max_length=200)),
                ('prefix', models.CharField(editable=False, max_length=16)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('ingest', 'Post events'), ('read', 'Read everything'), ('write', 'Change customers, meters, plans, subscriptions'), ('admin', 'Everything')], max_length=10), size=None)),
                ('created_at', models.DateTimeField(editable=False)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='AuditRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=True)),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('checks', models.JSONField(default=list)),
                ('findings', models.JSONField(default=list)),
                ('finding_count', models.PositiveIntegerField(default=0)),
                ('error', models.TextField(blank=True)),
            ],
        ),
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('events', 'Events'), ('link', 'Subject link'), ('void', 'Events voided'), ('restore', 'Events restored'), ('amendment', 'Event amended')], default='events', max_length=10)),
                ('received_at', models.DateTimeField()),
                ('accepted', models.PositiveIntegerField(default=0)),
                ('duplicate', models.PositiveIntegerField(default=0)),
                ('conflict', models.PositiveIntegerField(default=0)),
                ('first_event_at', models.DateTimeField(blank=True, help_text='The earliest time of its events: what came late is looked for by it.', null=True)),
                ('is_rolled_up', models.BooleanField(default=False)),
                ('reason', models.TextField(blank=True, db_default='', default='')),
            ],
            options={
                'verbose_name_plural': 'batches',
            },
        ),
        migrations.CreateModel(
            name='Bucket',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('start_at', models.DateTimeField()),
                ('events', models.BigIntegerField()),
                ('values', models.BigIntegerField()),
                ('sum', metering.models.base.NumericField(db_default=0, default=0)),
                ('min', metering.models.base.NumericField(null=True)),
                ('max', metering.models.base.NumericField(null=True)),
                ('latest', metering.models.base.NumericField(null=True)),
                ('latest_at', models.DateTimeField(null=True)),
                ('latest_source', models.TextField(db_collation='C', null=True)),
                ('latest_id', models.TextField(db_collation='C', null=True)),
                ('first_at', models.DateTimeField(null=True)),
                ('last_at', models.DateTimeField(null=True)),
                ('max_batch', models.BigIntegerField()),
                ('is_stale', models.BooleanField(db_default=False, default=False)),
            ],
        ),
        migrations.CreateModel(
            name='BucketValue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hash', models.UUIDField()),
            ],
        ),
        migrations.CreateModel(
            name='Correction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=True)),
                ('kind', models.CharField(choices=[('void', 'Void'), ('amendment', 'Amendment'), ('restore', 'Restore')], max_length=10)),
                ('status', models.CharField(choices=[('running', 'Running'), ('done', 'Done'), ('undoing', 'Being undone'), ('undone', 'Undone')], default='running', max_length=8)),
                ('filter', models.JSONField(blank=True, default=dict)),
                ('reason', models.TextField()),
                ('bound', models.BigIntegerField()),
                ('matched', models.BigIntegerField()),
                ('done', models.BigIntegerField(default=0)),
                ('voided', models.BigIntegerField(default=0)),
                ('restored', models.BigIntegerField(default=0)),
                ('position_at', models.DateTimeField(editable=False, null=True)),
                ('position_key', models.UUIDField(editable=False, null=True)),
                ('created_at', models.DateTimeField(editable=False)),
                ('finished_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('undo_reason', models.TextField(blank=True)),
                ('undone_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='CorrectionEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=False)),
                ('kind', models.CharField(choices=[('void', 'Void'), ('amendment', 'Amendment'), ('restore', 'Restore')], max_length=10)),
                ('status', models.CharField(choices=[('running', 'Running'), ('done', 'Done'), ('undoing', 'Being undone'), ('undone', 'Undone')], default='running', max_length=8)),
                ('filter', models.JSONField(blank=True, default=dict)),
                ('reason', models.TextField()),
                ('bound', models.BigIntegerField()),
                ('matched', models.BigIntegerField()),
                ('created_at', models.DateTimeField(editable=False)),
                ('finished_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('undo_reason', models.TextField(blank=True)),
                ('undone_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Customer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=True)),
                ('key', models.CharField(blank=True, help_text='Your own id of this customer.', max_length=256, null=True)),
                ('name', models.CharField(max_length=256)),
                ('description', models.TextField(blank=True)),
                ('primary_email', models.EmailField(blank=True, help_text='Gets invoices, and may sign in to the portal.', max_length=254)),
                ('currency', djmoney.models.fields.CurrencyField(blank=True, default=None, max_length=3, null=True)),
                ('time_zone', models.CharField(blank=True, help_text='IANA name, such as Europe/Paris.', max_length=64)),
                ('billing_address', models.JSONField(blank=True, default=dict)),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('subject_keys', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), blank=True, default=list, size=None)),
                ('created_at', models.DateTimeField(editable=False)),
                ('updated_at', models.DateTimeField(editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='CustomerEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=False)),
                ('key', models.CharField(blank=True, help_text='Your own id of this customer.', max_length=256, null=True)),
                ('name', models.CharField(max_length=256)),
                ('description', models.TextField(blank=True)),
                ('primary_email', models.EmailField(blank=True, help_text='Gets invoices, and may sign in to the portal.', max_length=254)),
                ('currency', djmoney.models.fields.CurrencyField(blank=True, default=None, max_length=3, null=True)),
                ('time_zone', models.CharField(blank=True, help_text='IANA name, such as Europe/Paris.', max_length=64)),
                ('billing_address', models.JSONField(blank=True, default=dict)),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('subject_keys', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), blank=True, default=list, size=None)),
                ('created_at', models.DateTimeField(editable=False)),
                ('updated_at', models.DateTimeField(editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='DayBucket',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('start_at', models.DateTimeField()),
                ('events', models.BigIntegerField()),
                ('values', models.BigIntegerField()),
                ('sum', metering.models.base.NumericField(db_default=0, default=0)),
                ('min', metering.models.base.NumericField(null=True)),
                ('max', metering.models.base.NumericField(null=True)),
                ('latest', metering.models.base.NumericField(null=True)),
                ('latest_at', models.DateTimeField(null=True)),
                ('latest_source', models.TextField(db_collation='C', null=True)),
                ('latest_id', models.TextField(db_collation='C', null=True)),
                ('first_at', models.DateTimeField(null=True)),
                ('last_at', models.DateTimeField(null=True)),
                ('max_batch', models.BigIntegerField()),
                ('is_stale', models.BooleanField(db_default=False, default=False)),
            ],
        ),
        migrations.CreateModel(
            name='DayValue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hash', models.UUIDField()),
            ],
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('key', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('source', models.TextField(db_collation='C')),
                ('event_id', models.TextField(db_collation='C', verbose_name='id')),
                ('type', models.TextField()),
                ('subject', models.TextField()),
                ('time', models.DateTimeField()),
                ('time_was_sent', models.BooleanField()),
                ('data', models.JSONField(decoder=metering.models.base.DecimalJSONDecoder, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='EventImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=True)),
                ('hash', models.BinaryField(max_length=32, unique=True)),
                ('content_hash', models.TextField(blank=True, editable=False)),
                ('identity', models.TextField(blank=True, editable=False)),
                ('first_rows', models.BinaryField(default=bytes)),
                ('name', models.TextField()),
                ('columns', models.JSONField(default=list)),
                ('size', models.BigIntegerField()),
                ('position', models.BigIntegerField(default=0)),
                ('line', models.BigIntegerField(default=0)),
                ('accepted', models.BigIntegerField(default=0)),
                ('duplicate', models.BigIntegerField(default=0)),
                ('conflict', models.BigIntegerField(default=0)),
                ('rejected', models.BigIntegerField(default=0)),
                ('unclear_times', models.BigIntegerField(default=0)),
                ('rejected_position', models.BigIntegerField(default=0)),
                ('created_at', models.DateTimeField(editable=False)),
                ('updated_at', models.DateTimeField(editable=False)),
                ('finished_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='EventVoid',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event_key', models.UUIDField()),
            ],
        ),
        migrations.CreateModel(
            name='IdempotencyKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=255)),
                ('request_hash', models.BinaryField(max_length=32)),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('body', models.TextField(blank=True)),
                ('has_secret', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Member',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='MemberEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('created_at', models.DateTimeField(editable=False)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Meter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=True)),
                ('slug', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=256)),
                ('description', models.TextField(blank=True)),
                ('event_type', models.TextField()),
                ('aggregation', models.CharField(choices=[('SUM', 'Sum'), ('COUNT', 'Count'), ('AVG', 'Average'), ('MIN', 'Minimum'), ('MAX', 'Maximum'), ('LATEST', 'Latest'), ('UNIQUE_COUNT', 'Unique count')], max_length=12)),
                ('value_property', models.CharField(blank=True, help_text="Where the number is in the event's data, such as $.tokens.", max_length=256)),
                ('event_from', models.DateTimeField(blank=True, help_text='Events before this time do not count.', null=True)),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField(editable=False)),
                ('updated_at', models.DateTimeField(editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='MeterEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=False)),
                ('slug', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=256)),
                ('description', models.TextField(blank=True)),
                ('event_type', models.TextField()),
                ('aggregation', models.CharField(choices=[('SUM', 'Sum'), ('COUNT', 'Count'), ('AVG', 'Average'), ('MIN', 'Minimum'), ('MAX', 'Maximum'), ('LATEST', 'Latest'), ('UNIQUE_COUNT', 'Unique count')], max_length=12)),
                ('value_property', models.CharField(blank=True, help_text="Where the number is in the event's data, such as $.tokens.", max_length=256)),
                ('event_from', models.DateTimeField(blank=True, help_text='Events before this time do not count.', null=True)),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField(editable=False)),
                ('updated_at', models.DateTimeField(editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='MeterVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('group_by', models.JSONField(blank=True, default=dict, help_text='Name to path, such as {"model": "$.model"}.')),
                ('floor_batch', models.BigIntegerField()),
                ('backfilled_batch', models.BigIntegerField(default=0)),
                ('backfilled_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='MeterVersionEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('number', models.PositiveIntegerField()),
                ('group_by', models.JSONField(blank=True, default=dict, help_text='Name to path, such as {"model": "$.model"}.')),
                ('floor_batch', models.BigIntegerField()),
                ('created_at', models.DateTimeField(editable=False)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='PortalToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=True)),
                ('subject', models.TextField()),
                ('secret_hash', models.BinaryField(max_length=32, unique=True)),
                ('allowed_meters', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, null=True, size=None)),
                ('created_at', models.DateTimeField(editable=False)),
                ('expires_at', models.DateTimeField()),
                ('invalidated_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='PortalTokenEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=False)),
                ('subject', models.TextField()),
                ('allowed_meters', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, null=True, size=None)),
                ('created_at', models.DateTimeField(editable=False)),
                ('expires_at', models.DateTimeField()),
                ('invalidated_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='QueryProgress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client_id', models.TextField()),
                ('client_hash', models.UUIDField(unique=True)),
                ('total', models.PositiveIntegerField()),
                ('success', models.PositiveIntegerField(default=0)),
                ('failed', models.PositiveIntegerField(default=0)),
                ('updated_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Series',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hash', models.UUIDField(unique=True)),
                ('subject', models.TextField()),
                ('subject_hash', models.UUIDField()),
                ('group_values', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
            ],
            options={
                'verbose_name_plural': 'series',
            },
        ),
        migrations.CreateModel(
            name='Subject',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=True)),
                ('key', models.TextField()),
                ('key_hash', models.UUIDField(editable=False, unique=True)),
                ('display_name', models.TextField(blank=True)),
                ('metadata', models.JSONField(blank=True, decoder=metering.models.base.DecimalJSONDecoder, default=dict, encoder=metering.models.base.DecimalJSONEncoder)),
                ('current_period_start', models.DateTimeField(blank=True, null=True)),
                ('current_period_end', models.DateTimeField(blank=True, null=True)),
                ('stripe_customer_id', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(editable=False)),
                ('updated_at', models.DateTimeField(editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='SubjectEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=False)),
                ('key', models.TextField()),
                ('key_hash', models.UUIDField(editable=False)),
                ('display_name', models.TextField(blank=True)),
                ('metadata', models.JSONField(blank=True, decoder=metering.models.base.DecimalJSONDecoder, default=dict, encoder=metering.models.base.DecimalJSONEncoder)),
                ('current_period_start', models.DateTimeField(blank=True, null=True)),
                ('current_period_end', models.DateTimeField(blank=True, null=True)),
                ('stripe_customer_id', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(editable=False)),
                ('updated_at', models.DateTimeField(editable=False)),
                ('deleted_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='SubjectLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_at', models.DateTimeField(blank=True, help_text='Empty: since ever.', null=True)),
                ('to_at', models.DateTimeField(blank=True, help_text='Empty: for ever.', null=True)),
                ('created_at', models.DateTimeField(editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='SubjectLinkEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('from_at', models.DateTimeField(blank=True, help_text='Empty: since ever.', null=True)),
                ('to_at', models.DateTimeField(blank=True, help_text='Empty: for ever.', null=True)),
                ('created_at', models.DateTimeField(editable=False)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='SubjectSearch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(default='subjects', editable=False, max_length=16, unique=True)),
                ('batch_id', models.BigIntegerField(default=0)),
                ('updated_at', models.DateTimeField()),
            ],
            options={
                'verbose_name_plural': 'subject searches',
            },
        ),
        migrations.CreateModel(
            name='TestClock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('now_at', models.DateTimeField(verbose_name='now')),
                ('created_at', models.DateTimeField(editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='TestClockEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=False)),
                ('name', models.CharField(max_length=200)),
                ('now_at', models.DateTimeField(verbose_name='now')),
                ('created_at', models.DateTimeField(editable=False)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='UserEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('email', models.EmailField(max_length=254)),
                ('name', models.CharField(blank=True, max_length=200)),
                ('is_staff', models.BooleanField(default=False, help_text='May sign in to this console.', verbose_name='operator')),
                ('is_active', models.BooleanField(default=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('email', models.EmailField(max_length=254, unique=True)),
                ('name', models.CharField(blank=True, max_length=200)),
                ('is_staff', models.BooleanField(default=False, help_text='May sign in to this console.', verbose_name='operator')),
                ('is_active', models.BooleanField(default=True)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ulid', metering.models.base.UlidField(default=metering.models.base.new_ulid, editable=False, max_length=26, unique=True)),
                ('name', models.CharField(max_length=200)),
                ('prefix', models.CharField(editable=False, max_length=16)),
                ('secret_hash', models.BinaryField(max_length=32, unique=True)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('ingest', 'Post events'), ('read', 'Read everything'), ('write', 'Change customers, meters, plans, subscriptions'), ('admin', 'Everything')], max_length=10), size=None)),
                ('created_at', models.DateTimeField(editable=False)),
                ('last_used_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'verbose_name': 'API key',
                'constraints': [models.CheckConstraint(condition=models.Q(('scopes__len__gt', 0)), name='api_key_has_a_scope')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='apikey',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_apikeyevent" ("created_at", "expires_at", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "prefix", "revoked_at", "scopes", "ulid") VALUES (NEW."created_at", NEW."expires_at", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."prefix", NEW."revoked_at", NEW."scopes", NEW."ulid"); RETURN NULL;', hash='b9e59bad59e23d1a64ef992769bfad3215eda5da', operation='INSERT', pgid='pgtrigger_insert_insert_837fe', table='metering_apikey', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='apikey',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."expires_at" IS DISTINCT FROM (NEW."expires_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."prefix" IS DISTINCT FROM (NEW."prefix") OR OLD."revoked_at" IS DISTINCT FROM (NEW."revoked_at") OR OLD."scopes" IS DISTINCT FROM (NEW."scopes") OR OLD."ulid" IS DISTINCT FROM (NEW."ulid"))', func='INSERT INTO "metering_apikeyevent" ("created_at", "expires_at", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "prefix", "revoked_at", "scopes", "ulid") VALUES (NEW."created_at", NEW."expires_at", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."prefix", NEW."revoked_at", NEW."scopes", NEW."ulid"); RETURN NULL;', hash='1175cb29309b793dd29ed1f1b0cacb04b7f8daf2', operation='UPDATE', pgid='pgtrigger_update_update_26a51', table='metering_apikey', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='apikey',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_apikeyevent" ("created_at", "expires_at", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "prefix", "revoked_at", "scopes", "ulid") VALUES (OLD."created_at", OLD."expires_at", OLD."id", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."prefix", OLD."revoked_at", OLD."scopes", OLD."ulid"); RETURN NULL;', hash='710fa09c49fe53d5b7e0a26c15ad054843202bc7', operation='DELETE', pgid='pgtrigger_delete_delete_3d59f', table='metering_apikey', when='AFTER')),
        ),
        migrations.AddField(
            model_name='apikeyevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='apikeyevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='metering.apikey'),
        ),
        migrations.AddField(
            model_name='bucketvalue',
            name='bucket',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='distinct_values', to='metering.bucket'),
        ),
        migrations.AddConstraint(
            model_name='correction',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['void', 'amendment', 'restore'])), name='correction_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='correction',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['running', 'done', 'undoing', 'undone'])), name='correction_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='correction',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='correction_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='correction',
            constraint=models.CheckConstraint(condition=models.Q(('done__lte', models.F('matched'))), name='correction_does_what_it_matched'),
        ),
        migrations.AddConstraint(
            model_name='correction',
            constraint=models.CheckConstraint(condition=models.Q(('voided__lte', models.F('done'))), name='correction_voids_what_it_has_seen'),
        ),
        migrations.AddConstraint(
            model_name='correction',
            constraint=models.CheckConstraint(condition=models.Q(('restored__lte', models.F('voided'))), name='correction_restores_what_it_voided'),
        ),
        migrations.AddField(
            model_name='batch',
            name='correction',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='metering.correction'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='correction',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_correctionevent" ("bound", "created_at", "filter", "finished_at", "id", "kind", "matched", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "status", "ulid", "undo_reason", "undone_at") VALUES (NEW."bound", NEW."created_at", NEW."filter", NEW."finished_at", NEW."id", NEW."kind", NEW."matched", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."reason", NEW."status", NEW."ulid", NEW."undo_reason", NEW."undone_at"); RETURN NULL;', hash='bfbf705a75684a93e4f93e10851ca660c9666c60', operation='INSERT', pgid='pgtrigger_insert_insert_4e8ee', table='metering_correction', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='correction',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."bound" IS DISTINCT FROM (NEW."bound") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."filter" IS DISTINCT FROM (NEW."filter") OR OLD."finished_at" IS DISTINCT FROM (NEW."finished_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."matched" IS DISTINCT FROM (NEW."matched") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."status" IS DISTINCT FROM (NEW."status") OR OLD."ulid" IS DISTINCT FROM (NEW."ulid") OR OLD."undo_reason" IS DISTINCT FROM (NEW."undo_reason") OR OLD."undone_at" IS DISTINCT FROM (NEW."undone_at"))', func='INSERT INTO "metering_correctionevent" ("bound", "created_at", "filter", "finished_at", "id", "kind", "matched", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "status", "ulid", "undo_reason", "undone_at") VALUES (NEW."bound", NEW."created_at", NEW."filter", NEW."finished_at", NEW."id", NEW."kind", NEW."matched", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."reason", NEW."status", NEW."ulid", NEW."undo_reason", NEW."undone_at"); RETURN NULL;', hash='6ca83e47c7e1deaf43622da88150880fdc6ff328', operation='UPDATE', pgid='pgtrigger_update_update_4d3a6', table='metering_correction', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='correction',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_correctionevent" ("bound", "created_at", "filter", "finished_at", "id", "kind", "matched", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "status", "ulid", "undo_reason", "undone_at") VALUES (OLD."bound", OLD."created_at", OLD."filter", OLD."finished_at", OLD."id", OLD."kind", OLD."matched", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."reason", OLD."status", OLD."ulid", OLD."undo_reason", OLD."undone_at"); RETURN NULL;', hash='ac3817a0f4f7500d03bcca17d9d876f4a827f642', operation='DELETE', pgid='pgtrigger_delete_delete_c1b2b', table='metering_correction', when='AFTER')),
        ),
        migrations.AddField(
            model_name='correctionevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='correctionevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='metering.correction'),
        ),
        migrations.AddField(
            model_name='customerevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='customerevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='metering.customer'),
        ),
        migrations.AddField(
            model_name='dayvalue',
            name='bucket',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='distinct_values', to='metering.daybucket'),
        ),
        migrations.AddField(
            model_name='event',
            name='api_key',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='metering.apikey'),
        ),
        migrations.AddField(
            model_name='event',
            name='batch',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='metering.batch'),
        ),
        migrations.AddField(
            model_name='eventvoid',
            name='restored_batch',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='restored_voids', to='metering.batch'),
        ),
        migrations.AddField(
            model_name='eventvoid',
            name='voided_batch',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='voids', to='metering.batch'),
        ),
        migrations.AddField(
            model_name='idempotencykey',
            name='api_key',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metering.apikey'),
        ),
        migrations.AddField(
            model_name='member',
            name='customer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='members', to='metering.customer'),
        ),
        migrations.AddField(
            model_name='member',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='memberevent',
            name='customer',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='metering.customer'),
        ),
        migrations.AddField(
            model_name='memberevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='memberevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='metering.member'),
        ),
        migrations.AddField(
            model_name='memberevent',
            name='user',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='meter',
            constraint=models.UniqueConstraint(condition=models.Q(('deleted_at', None)), fields=('slug',), name='one_live_meter_per_slug', violation_error_message='Another meter has this slug already.'),
        ),
        migrations.AddConstraint(
            model_name='meter',
            constraint=models.CheckConstraint(condition=models.Q(('aggregation__in', ['SUM', 'COUNT', 'AVG', 'MIN', 'MAX', 'LATEST', 'UNIQUE_COUNT'])), name='meter_aggregation_is_known'),
        ),
        migrations.AddConstraint(
            model_name='meter',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('aggregation', 'COUNT'), ('value_property', '')), models.Q(models.Q(('aggregation', 'COUNT'), _negated=True), models.Q(('value_property', ''), _negated=True)), _connector='OR'), name='meter_has_a_value_property_unless_it_counts', violation_error_message='Name the value property, such as $.tokens; a COUNT meter has none.'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='meter',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_meterevent" ("aggregation", "created_at", "deleted_at", "description", "event_from", "event_type", "id", "metadata", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "slug", "ulid", "updated_at", "value_property") VALUES (NEW."aggregation", NEW."created_at", NEW."deleted_at", NEW."description", NEW."event_from", NEW."event_type", NEW."id", NEW."metadata", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."slug", NEW."ulid", NEW."updated_at", NEW."value_property"); RETURN NULL;', hash='5a813a90ddd1ba730bbbea727a50befce773f38b', operation='INSERT', pgid='pgtrigger_insert_insert_5065e', table='metering_meter', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='meter',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "metering_meterevent" ("aggregation", "created_at", "deleted_at", "description", "event_from", "event_type", "id", "metadata", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "slug", "ulid", "updated_at", "value_property") VALUES (NEW."aggregation", NEW."created_at", NEW."deleted_at", NEW."description", NEW."event_from", NEW."event_type", NEW."id", NEW."metadata", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."slug", NEW."ulid", NEW."updated_at", NEW."value_property"); RETURN NULL;', hash='7f398edb7876301cade7f59ea0c434afc9c6b483', operation='UPDATE', pgid='pgtrigger_update_update_6dcdf', table='metering_meter', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='meter',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_meterevent" ("aggregation", "created_at", "deleted_at", "description", "event_from", "event_type", "id", "metadata", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "slug", "ulid", "updated_at", "value_property") VALUES (OLD."aggregation", OLD."created_at", OLD."deleted_at", OLD."description", OLD."event_from", OLD."event_type", OLD."id", OLD."metadata", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."slug", OLD."ulid", OLD."updated_at", OLD."value_property"); RETURN NULL;', hash='6e32c4cc88a9fd3996405b4cd9fe37d95998d48a', operation='DELETE', pgid='pgtrigger_delete_delete_488cd', table='metering_meter', when='AFTER')),
        ),
        migrations.AddField(
            model_name='meterevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='meterevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='metering.meter'),
        ),
        migrations.AddField(
            model_name='meterversion',
            name='meter',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='metering.meter'),
        ),
        migrations.AddField(
            model_name='meterversionevent',
            name='meter',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='metering.meter'),
        ),
        migrations.AddField(
            model_name='meterversionevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='meterversionevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='metering.meterversion'),
        ),
        migrations.AddIndex(
            model_name='portaltoken',
            index=django.contrib.postgres.indexes.HashIndex(fields=['subject'], name='portal_token_subject'),
        ),
        migrations.AddConstraint(
            model_name='portaltoken',
            constraint=models.CheckConstraint(condition=models.Q(('allowed_meters', None), ('allowed_meters__len__gt', 0), _connector='OR'), name='portal_token_allows_all_meters_or_some'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='portaltoken',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_portaltokenevent" ("allowed_meters", "created_at", "expires_at", "id", "invalidated_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "subject", "ulid") VALUES (NEW."allowed_meters", NEW."created_at", NEW."expires_at", NEW."id", NEW."invalidated_at", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."subject", NEW."ulid"); RETURN NULL;', hash='6acb569f55b970b21ba312cfb77e10a7d6114655', operation='INSERT', pgid='pgtrigger_insert_insert_51b59', table='metering_portaltoken', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='portaltoken',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."allowed_meters" IS DISTINCT FROM (NEW."allowed_meters") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."expires_at" IS DISTINCT FROM (NEW."expires_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."invalidated_at" IS DISTINCT FROM (NEW."invalidated_at") OR OLD."subject" IS DISTINCT FROM (NEW."subject") OR OLD."ulid" IS DISTINCT FROM (NEW."ulid"))', func='INSERT INTO "metering_portaltokenevent" ("allowed_meters", "created_at", "expires_at", "id", "invalidated_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "subject", "ulid") VALUES (NEW."allowed_meters", NEW."created_at", NEW."expires_at", NEW."id", NEW."invalidated_at", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."subject", NEW."ulid"); RETURN NULL;', hash='707f6ad02875c89341197e675f910491b9019df3', operation='UPDATE', pgid='pgtrigger_update_update_aa602', table='metering_portaltoken', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='portaltoken',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_portaltokenevent" ("allowed_meters", "created_at", "expires_at", "id", "invalidated_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "subject", "ulid") VALUES (OLD."allowed_meters", OLD."created_at", OLD."expires_at", OLD."id", OLD."invalidated_at", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."subject", OLD."ulid"); RETURN NULL;', hash='2f6aa9d6c380808087d31b15a1d03daac0edd1ba', operation='DELETE', pgid='pgtrigger_delete_delete_9df4d', table='metering_portaltoken', when='AFTER')),
        ),
        migrations.AddField(
            model_name='portaltokenevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='portaltokenevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='metering.portaltoken'),
        ),
        migrations.AddField(
            model_name='series',
            name='meter_version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='series', to='metering.meterversion'),
        ),
        migrations.AddField(
            model_name='daybucket',
            name='series',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='days', to='metering.series'),
        ),
        migrations.AddField(
            model_name='bucket',
            name='series',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='buckets', to='metering.series'),
        ),
        migrations.AddConstraint(
            model_name='subject',
            constraint=models.CheckConstraint(condition=models.Q(('current_period_start', None), ('current_period_end', None), ('current_period_start__lt', models.F('current_period_end')), _connector='OR'), name='subject_period_ends_after_it_starts'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='subject',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_subjectevent" ("created_at", "current_period_end", "current_period_start", "deleted_at", "display_name", "id", "key", "key_hash", "metadata", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "stripe_customer_id", "ulid", "updated_at") VALUES (NEW."created_at", NEW."current_period_end", NEW."current_period_start", NEW."deleted_at", NEW."display_name", NEW."id", NEW."key", NEW."key_hash", NEW."metadata", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."stripe_customer_id", NEW."ulid", NEW."updated_at"); RETURN NULL;', hash='431128316f459a2d901e3a211b7a7162265c3d9b', operation='INSERT', pgid='pgtrigger_insert_insert_f0880', table='metering_subject', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='subject',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "metering_subjectevent" ("created_at", "current_period_end", "current_period_start", "deleted_at", "display_name", "id", "key", "key_hash", "metadata", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "stripe_customer_id", "ulid", "updated_at") VALUES (NEW."created_at", NEW."current_period_end", NEW."current_period_start", NEW."deleted_at", NEW."display_name", NEW."id", NEW."key", NEW."key_hash", NEW."metadata", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."stripe_customer_id", NEW."ulid", NEW."updated_at"); RETURN NULL;', hash='c4d9d523421a36eb09bcaeceab0c77db91e27289', operation='UPDATE', pgid='pgtrigger_update_update_af2fd', table='metering_subject', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='subject',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_subjectevent" ("created_at", "current_period_end", "current_period_start", "deleted_at", "display_name", "id", "key", "key_hash", "metadata", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "stripe_customer_id", "ulid", "updated_at") VALUES (OLD."created_at", OLD."current_period_end", OLD."current_period_start", OLD."deleted_at", OLD."display_name", OLD."id", OLD."key", OLD."key_hash", OLD."metadata", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."stripe_customer_id", OLD."ulid", OLD."updated_at"); RETURN NULL;', hash='ea9e61f97ee45a402b3c55a54333526b55df7439', operation='DELETE', pgid='pgtrigger_delete_delete_49646', table='metering_subject', when='AFTER')),
        ),
        migrations.AddField(
            model_name='subjectevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='subjectevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='metering.subject'),
        ),
        migrations.AddField(
            model_name='subjectlink',
            name='customer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='subject_links', to='metering.customer'),
        ),
        migrations.AddField(
            model_name='subjectlink',
            name='ended_batch',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='links_ended', to='metering.batch'),
        ),
        migrations.AddField(
            model_name='subjectlink',
            name='made_batch',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='links_made', to='metering.batch'),
        ),
        migrations.AddField(
            model_name='subjectlink',
            name='subject',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='links', to='metering.subject'),
        ),
        migrations.AddField(
            model_name='subjectlinkevent',
            name='customer',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='metering.customer'),
        ),
        migrations.AddField(
            model_name='subjectlinkevent',
            name='ended_batch',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='metering.batch'),
        ),
        migrations.AddField(
            model_name='subjectlinkevent',
            name='made_batch',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='metering.batch'),
        ),
        migrations.AddField(
            model_name='subjectlinkevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='subjectlinkevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='metering.subjectlink'),
        ),
        migrations.AddField(
            model_name='subjectlinkevent',
            name='subject',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='metering.subject'),
        ),
        migrations.AddField(
            model_name='customerevent',
            name='test_clock',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='metering.testclock'),
        ),
        migrations.AddField(
            model_name='customer',
            name='test_clock',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='customers', to='metering.testclock'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='testclock',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_testclockevent" ("created_at", "id", "name", "now_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "ulid") VALUES (NEW."created_at", NEW."id", NEW."name", NEW."now_at", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."ulid"); RETURN NULL;', hash='b08aa34b42832d9ae9e4c343d3de6502eaf45a26', operation='INSERT', pgid='pgtrigger_insert_insert_18bbf', table='metering_testclock', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='testclock',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "metering_testclockevent" ("created_at", "id", "name", "now_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "ulid") VALUES (NEW."created_at", NEW."id", NEW."name", NEW."now_at", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."ulid"); RETURN NULL;', hash='f433b6568414cf38320c95537a2015b7feb0ec24', operation='UPDATE', pgid='pgtrigger_update_update_4576b', table='metering_testclock', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='testclock',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_testclockevent" ("created_at", "id", "name", "now_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "ulid") VALUES (OLD."created_at", OLD."id", OLD."name", OLD."now_at", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."ulid"); RETURN NULL;', hash='bb152fd44ba79c23472def1fecbdfd93969f65af', operation='DELETE', pgid='pgtrigger_delete_delete_bac87', table='metering_testclock', when='AFTER')),
        ),
        migrations.AddField(
            model_name='testclockevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='testclockevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='metering.testclock'),
        ),
        migrations.AddField(
            model_name='userevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='userevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to=settings.AUTH_USER_MODEL),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='user',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_userevent" ("email", "id", "is_active", "is_staff", "is_superuser", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."email", NEW."id", NEW."is_active", NEW."is_staff", NEW."is_superuser", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;', hash='00b99f1811a24f7a29c96fc5b799f3fb53e89cc0', operation='INSERT', pgid='pgtrigger_insert_insert_f10ac', table='metering_user', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='user',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."email" IS DISTINCT FROM (NEW."email") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."is_active" IS DISTINCT FROM (NEW."is_active") OR OLD."is_staff" IS DISTINCT FROM (NEW."is_staff") OR OLD."is_superuser" IS DISTINCT FROM (NEW."is_superuser") OR OLD."name" IS DISTINCT FROM (NEW."name"))', func='INSERT INTO "metering_userevent" ("email", "id", "is_active", "is_staff", "is_superuser", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."email", NEW."id", NEW."is_active", NEW."is_staff", NEW."is_superuser", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;', hash='a62deed2507ea4c358dc35966f0d1c3cb6363461', operation='UPDATE', pgid='pgtrigger_update_update_88b90', table='metering_user', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='user',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_userevent" ("email", "id", "is_active", "is_staff", "is_superuser", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."email", OLD."id", OLD."is_active", OLD."is_staff", OLD."is_superuser", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;', hash='936176ad9012fa4f9076f6af465fea7929f52dd3', operation='DELETE', pgid='pgtrigger_delete_delete_f3d7e', table='metering_user', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='apikeyevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='b53f0b5271263b6bf20a82390d41267b6291893e', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_e3536', table='metering_apikeyevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='bucketvalue',
            constraint=models.UniqueConstraint(fields=('bucket', 'hash'), name='one_row_per_value_of_a_bucket'),
        ),
        migrations.AddIndex(
            model_name='batch',
            index=models.Index(condition=models.Q(('is_rolled_up', False)), fields=['id'], name='batch_pending'),
        ),
        migrations.AddIndex(
            model_name='batch',
            index=models.Index(fields=['received_at'], name='batch_received'),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['events', 'link', 'void', 'restore', 'amendment'])), name='batch_kind_is_known'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='correctionevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='6f47adac865be2a111c3b857d0d47e80bb1f9d78', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_96190', table='metering_correctionevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='dayvalue',
            constraint=models.UniqueConstraint(fields=('bucket', 'hash'), name='one_row_per_value_of_a_day'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['batch'], name='event_batch'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['time'], name='event_time'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(metering.models.event.SubjectHash('subject'), models.F('time'), name='event_subject_time'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='event',
            trigger=pgtrigger.compiler.Trigger(name='event_is_append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='43db85510112bcde74021bcc6ef5ed7b170fa175', operation='UPDATE OR DELETE', pgid='pgtrigger_event_is_append_only_ac790', table='metering_event', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='eventvoid',
            constraint=models.UniqueConstraint(condition=models.Q(('restored_batch', None)), fields=('event_key',), name='one_open_void_per_event'),
        ),
        migrations.AddConstraint(
            model_name='eventvoid',
            constraint=models.UniqueConstraint(fields=('event_key', 'voided_batch'), name='one_void_per_event_and_batch'),
        ),
        migrations.AddConstraint(
            model_name='eventvoid',
            constraint=models.CheckConstraint(condition=models.Q(('restored_batch', None), ('restored_batch__gt', models.F('voided_batch')), _connector='OR'), name='event_is_restored_after_it_was_voided'),
        ),
        migrations.AddConstraint(
            model_name='idempotencykey',
            constraint=models.UniqueConstraint(fields=('api_key', 'key'), name='one_answer_per_idempotency_key', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.UniqueConstraint(fields=('customer', 'user'), name='one_membership_per_customer_and_person'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='member',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_memberevent" ("created_at", "customer_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") VALUES (NEW."created_at", NEW."customer_id", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."user_id"); RETURN NULL;', hash='4d32c649e8a2dd8eb638ca95185bedcff34087ac', operation='INSERT', pgid='pgtrigger_insert_insert_53bb6', table='metering_member', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='member',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "metering_memberevent" ("created_at", "customer_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") VALUES (NEW."created_at", NEW."customer_id", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."user_id"); RETURN NULL;', hash='5685bb90de892f62d6a19630b11ad4ec5aaff969', operation='UPDATE', pgid='pgtrigger_update_update_fdb7c', table='metering_member', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='member',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_memberevent" ("created_at", "customer_id", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "user_id") VALUES (OLD."created_at", OLD."customer_id", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."user_id"); RETURN NULL;', hash='6fa1228ead09e77d7ac53dfb9c37b1a1a3645393', operation='DELETE', pgid='pgtrigger_delete_delete_e7390', table='metering_member', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='memberevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='408a69b06e7f1181fec6eaf97285cf3a48748f22', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_089c4', table='metering_memberevent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='meterevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='273605c1e8eb3832669f0f1c2726af411a39e97f', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_75952', table='metering_meterevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='meterversion',
            constraint=models.UniqueConstraint(fields=('meter', 'number'), name='one_meter_version_per_number'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='meterversion',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_meterversionevent" ("created_at", "floor_batch", "group_by", "id", "meter_id", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."created_at", NEW."floor_batch", NEW."group_by", NEW."id", NEW."meter_id", NEW."number", _pgh_attach_context(), NOW(), \'insert\', NEW."id"); RETURN NULL;', hash='b123a9a84dfa290019c215f23c8e9b92b976ba66', operation='INSERT', pgid='pgtrigger_insert_insert_4ba76', table='metering_meterversion', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='meterversion',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."floor_batch" IS DISTINCT FROM (NEW."floor_batch") OR OLD."group_by" IS DISTINCT FROM (NEW."group_by") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."meter_id" IS DISTINCT FROM (NEW."meter_id") OR OLD."number" IS DISTINCT FROM (NEW."number"))', func='INSERT INTO "metering_meterversionevent" ("created_at", "floor_batch", "group_by", "id", "meter_id", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."created_at", NEW."floor_batch", NEW."group_by", NEW."id", NEW."meter_id", NEW."number", _pgh_attach_context(), NOW(), \'update\', NEW."id"); RETURN NULL;', hash='c61ebb2c596977c7d406370b03b7fc953cb8a57c', operation='UPDATE', pgid='pgtrigger_update_update_3fd3e', table='metering_meterversion', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='meterversion',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_meterversionevent" ("created_at", "floor_batch", "group_by", "id", "meter_id", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."created_at", OLD."floor_batch", OLD."group_by", OLD."id", OLD."meter_id", OLD."number", _pgh_attach_context(), NOW(), \'delete\', OLD."id"); RETURN NULL;', hash='d2465cb45d918bd3a19c614eb085717d36835c45', operation='DELETE', pgid='pgtrigger_delete_delete_7a060', table='metering_meterversion', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='meterversionevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='0c395516429d1507ced812f33d98e23c65b0a836', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_fea8c', table='metering_meterversionevent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='portaltokenevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='54f1c5cfacd6f2dda439a9eb76e131b1df8c234e', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_f9173', table='metering_portaltokenevent', when='BEFORE')),
        ),
        migrations.AddIndex(
            model_name='series',
            index=models.Index(fields=['meter_version', 'subject_hash'], name='series_of_a_subject'),
        ),
        migrations.AddConstraint(
            model_name='daybucket',
            constraint=models.UniqueConstraint(fields=('series', 'start_at'), name='one_bucket_per_day'),
        ),
        migrations.AddIndex(
            model_name='bucket',
            index=models.Index(condition=models.Q(('is_stale', True)), fields=['start_at'], name='bucket_stale'),
        ),
        migrations.AddConstraint(
            model_name='bucket',
            constraint=models.UniqueConstraint(fields=('series', 'start_at'), include=('events', 'values', 'sum', 'first_at', 'last_at'), name='one_bucket_per_quarter_hour'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='subjectevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='df131b5976503378617eb5182bb1e0d70c8a8a3b', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_776b2', table='metering_subjectevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='subjectlink',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('ended_batch', None)), expressions=[(models.Func(models.F('subject'), models.F('subject'), models.Value('[]'), function='int8range'), '&&'), (metering.models.customer.TstzRange('from_at', 'to_at'), '&&')], name='one_customer_per_subject_at_a_time', violation_error_message='This subject belongs to another customer at that time.'),
        ),
        migrations.AddConstraint(
            model_name='subjectlink',
            constraint=models.CheckConstraint(condition=models.Q(('from_at', None), ('to_at', None), ('from_at__lt', models.F('to_at')), _connector='OR'), name='subject_link_ends_after_it_starts'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='subjectlink',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_subjectlinkevent" ("created_at", "customer_id", "ended_batch_id", "from_at", "id", "made_batch_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "subject_id", "to_at") VALUES (NEW."created_at", NEW."customer_id", NEW."ended_batch_id", NEW."from_at", NEW."id", NEW."made_batch_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."subject_id", NEW."to_at"); RETURN NULL;', hash='77ba10426f12d48fc5c185912b9e33fabf28e842', operation='INSERT', pgid='pgtrigger_insert_insert_0d27c', table='metering_subjectlink', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='subjectlink',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "metering_subjectlinkevent" ("created_at", "customer_id", "ended_batch_id", "from_at", "id", "made_batch_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "subject_id", "to_at") VALUES (NEW."created_at", NEW."customer_id", NEW."ended_batch_id", NEW."from_at", NEW."id", NEW."made_batch_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."subject_id", NEW."to_at"); RETURN NULL;', hash='4c0d19c460cbae2e6c47e9c52d8b80371202f665', operation='UPDATE', pgid='pgtrigger_update_update_6242f', table='metering_subjectlink', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='subjectlink',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_subjectlinkevent" ("created_at", "customer_id", "ended_batch_id", "from_at", "id", "made_batch_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "subject_id", "to_at") VALUES (OLD."created_at", OLD."customer_id", OLD."ended_batch_id", OLD."from_at", OLD."id", OLD."made_batch_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."subject_id", OLD."to_at"); RETURN NULL;', hash='ad211ffe3e3ec986e7fb0b8e17b5f776f47d2d0b', operation='DELETE', pgid='pgtrigger_delete_delete_96ae4', table='metering_subjectlink', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='subjectlinkevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='fbf71f01f129048bdc4890547bede7fc3e08e80d', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_bc333', table='metering_subjectlinkevent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customerevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='de827f5cb8175e93b1a9150d09b993537494c648', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_fcc1d', table='metering_customerevent', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.UniqueConstraint(condition=models.Q(('deleted_at', None)), fields=('key',), name='one_live_customer_per_key', violation_error_message='Another customer has this key already.'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_customerevent" ("billing_address", "created_at", "currency", "deleted_at", "description", "id", "key", "metadata", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "primary_email", "subject_keys", "test_clock_id", "time_zone", "ulid", "updated_at") VALUES (NEW."billing_address", NEW."created_at", NEW."currency", NEW."deleted_at", NEW."description", NEW."id", NEW."key", NEW."metadata", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."primary_email", NEW."subject_keys", NEW."test_clock_id", NEW."time_zone", NEW."ulid", NEW."updated_at"); RETURN NULL;', hash='85668e5fa9f614f097ffdd8ceb7335231b4616df', operation='INSERT', pgid='pgtrigger_insert_insert_ab063', table='metering_customer', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "metering_customerevent" ("billing_address", "created_at", "currency", "deleted_at", "description", "id", "key", "metadata", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "primary_email", "subject_keys", "test_clock_id", "time_zone", "ulid", "updated_at") VALUES (NEW."billing_address", NEW."created_at", NEW."currency", NEW."deleted_at", NEW."description", NEW."id", NEW."key", NEW."metadata", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."primary_email", NEW."subject_keys", NEW."test_clock_id", NEW."time_zone", NEW."ulid", NEW."updated_at"); RETURN NULL;', hash='8664b26baaa801fda9f96457156173688c562702', operation='UPDATE', pgid='pgtrigger_update_update_f9631', table='metering_customer', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metering_customerevent" ("billing_address", "created_at", "currency", "deleted_at", "description", "id", "key", "metadata", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "primary_email", "subject_keys", "test_clock_id", "time_zone", "ulid", "updated_at") VALUES (OLD."billing_address", OLD."created_at", OLD."currency", OLD."deleted_at", OLD."description", OLD."id", OLD."key", OLD."metadata", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."primary_email", OLD."subject_keys", OLD."test_clock_id", OLD."time_zone", OLD."ulid", OLD."updated_at"); RETURN NULL;', hash='b0199bca83f20058edd1777520df64fc2ee77393', operation='DELETE', pgid='pgtrigger_delete_delete_d0810', table='metering_customer', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='testclockevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='babc44965c5d5008f3cd71a375ba546799debc1c', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_10484', table='metering_testclockevent', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='userevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='83b0629eee0bdda8a30727a97c3cb174d3a93a76', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_65463', table='metering_userevent', when='BEFORE')),
        ),
    ]
